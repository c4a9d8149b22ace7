/** What the oracle remembers of a program that runs: plain objects, copied for every step. */
import type { Hazard, Program, Routine } from '../../src/sim/program.ts';

export interface Touch {
  at: string;
  /**
   * read, write, add, dec, last, move, lock, rlock, unlock, runlock, seen, touch, whole for memory; enter, exit, begin, queue, finish, ran,
   * barrier, passed for RCU; task, irq, iret for a CPU.
   */
  how: string;
}

/** One step as the partial order sees it. */
export interface Event {
  thread: number;
  touches: Touch[];
  /** For each thread the number of its events that come before this one, itself included. */
  past: Map<number, number>;
  /** Number of read sections entered by each thread when a grace period began; for exits the number of the section. */
  sections?: Map<number, number>;
  /** The lanes that a barrier waited for. */
  awaited?: number[];
  /** The lane that this event started. */
  born?: number;
  /** Which value an unknown took. */
  alternative: number;
  wrong?: Hazard;
}

export interface Frame {
  routine: Routine;
  pc: number;
  regs: Record<string, number>;
  dst: string | undefined;
}

export type Kind = 'task' | 'irq' | 'softirq' | 'callback' | 'switch' | 'work' | 'timer';
/** What comes next for a thread: its prologue, the event that enters its routine, the routine, its epilogue. */
export type Phase = 'start' | 'body' | 'run' | 'leave';

export interface Thread {
  kind: Kind;
  cpu: number;
  isSetup: boolean;
  phase: Phase;
  pc: number;
  regs: Record<string, number>;
  routine: Routine;
  callers: Frame[];
  state: 'ready' | 'done' | 'halted' | 'stuck';
  held: string[];
  nest: Record<string, number>;
  section: Record<string, number>;
  /** Within an operation of two steps: the second is next. */
  second: boolean;
  domain: string;
  waitsFor: number[];
  begun: Map<number, number>;
  owns: Record<string, number>;
  hasPut: Record<string, boolean>;
  failed: Record<string, boolean>;
  lastZero: string;
  off: { irq: number; bh: number; preempt: number; pagefault: number };
  /** The queue it sleeps at, and whether it was woken. */
  asleep: string;
  woken: boolean;
  /** Of a lane: what it runs, with what, and the cell that it was queued with. */
  runs: string;
  arg: number;
  cell: string;
  allocs: Record<number, number>;
}

export interface World {
  cells: Record<string, number>;
  life: Record<string, 'live' | 'freed'>;
  private: Record<string, boolean>;
  cause: Record<string, string>;
  initialised: Record<string, boolean>;
  /** Mode and release routine of percpu references. */
  modes: Record<string, 'percpu' | 'dying' | 'atomic' | 'exited'>;
  releases: Record<string, string>;
  tasks: Record<string, { items: { routine: string; arg: number }[]; exiting: boolean }>;
  cpus: Record<number, number>;
  /** Lanes are numbered when they are first met, in whatever order; those that were not started are missing. */
  threads: Map<number, Thread>;
}

export function newThread(routine: Routine, kind: Kind, cpu: number): Thread {
  return {
    kind,
    cpu,
    isSetup: false,
    phase: kind === 'task' ? 'run' : 'start',
    pc: 0,
    regs: {},
    routine,
    callers: [],
    state: 'ready',
    held: [],
    nest: {},
    section: {},
    second: false,
    domain: '',
    waitsFor: [],
    begun: new Map(),
    owns: {},
    hasPut: {},
    failed: {},
    lastZero: '',
    off: { irq: 0, bh: 0, preempt: 0, pagefault: 0 },
    asleep: '',
    woken: false,
    runs: '',
    arg: 0,
    cell: '',
    allocs: {},
  };
}

export function copyOf(w: World): World {
  return {
    cells: { ...w.cells },
    life: { ...w.life },
    private: { ...w.private },
    cause: { ...w.cause },
    initialised: { ...w.initialised },
    modes: { ...w.modes },
    releases: { ...w.releases },
    tasks: Object.fromEntries(
      Object.entries(w.tasks).map(([k, q]) => [k, { items: [...q.items], exiting: q.exiting }]),
    ),
    cpus: { ...w.cpus },
    threads: new Map(
      [...w.threads].map(([t, th]) => [
        t,
        {
          ...th,
          regs: { ...th.regs },
          callers: [...th.callers],
          held: [...th.held],
          nest: { ...th.nest },
          section: { ...th.section },
          owns: { ...th.owns },
          hasPut: { ...th.hasPut },
          failed: { ...th.failed },
          off: { ...th.off },
          allocs: { ...th.allocs },
        },
      ]),
    ),
  };
}

const ADDRESS = 1000;
const STRIDE = 100;

/** Names and addresses: those of allocations are given when they are first met, and kept. */
export class Names {
  readonly program: Program;
  private readonly typeOf = new Map<string, string>();
  readonly all: string[] = [];
  private readonly lanes = new Map<string, number>();

  constructor(program: Program) {
    this.program = program;
    for (const o of program.objects) this.add(o.name, o.type);
  }

  add(name: string, type: string): void {
    if (this.typeOf.has(name)) return;
    this.typeOf.set(name, type);
    this.all.push(name);
  }

  address(name: string): number {
    return ADDRESS + STRIDE * this.all.indexOf(name);
  }

  /** The object that contains an address. */
  objectAt(value: number): string | undefined {
    return value >= ADDRESS ? this.all[Math.floor((value - ADDRESS) / STRIDE)] : undefined;
  }

  /** The cell at an address: cells of an object are one apart here. */
  cellAt(value: number): string | undefined {
    const o = this.objectAt(value);
    return o === undefined ? undefined : `${o}.${this.cells(o)[(value - ADDRESS) % STRIDE]?.name}`;
  }

  cells(o: string) {
    return this.program.types.find((t) => t.name === this.typeOf.get(o))!.cells;
  }

  offset(type: string, cell: string): number {
    if (cell === '') return 0;
    return this.program.types.find((t) => t.name === type)!.cells.findIndex((c) => c.name === cell);
  }

  /** The cell of an object that counts its references. */
  refCell(o: string): string | undefined {
    return this.cells(o).find((c) => c.kind === 'ref' || c.kind === 'percpu-ref')?.name;
  }

  routine(name: string): Routine {
    return this.program.routines.find((r) => r.name === name)!;
  }

  /** The number of a lane, after those of the threads. */
  lane(key: string): number {
    if (!this.lanes.has(key)) this.lanes.set(key, this.program.threads.length + this.lanes.size);
    return this.lanes.get(key)!;
  }
}

export const objectOf = (cell: string) => cell.slice(0, cell.lastIndexOf('.'));
