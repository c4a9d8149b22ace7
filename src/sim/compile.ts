/**
 * Turns a program into flat code: one Int32Array of fixed-width instructions for all routines, and the tables that
 * say which threads exist, which lanes (callbacks, work, timers) each of them can start, and which objects it can allocate.
 *
 * In this order: layout of memory, numbering of registers, translation of each routine, prologues for lanes, and then per
 * thread a walk over the routines that it can reach, which sizes its lanes and pools. Errors in a program (an unknown
 * name, a jump to nowhere) are thrown as `ProgramError`; nothing is executed here.
 */
import { sizeThreads } from './lanes.ts';
import { layOut, type Memory } from './layout.ts';
import type { Instr, Program, Site } from './program.ts';
import { ProgramError, Unit } from './translate.ts';

/** What a lane does before its routine runs, and therefore in which context. */
export type LaneKind = 'callback' | 'work' | 'timer' | 'switch';

export interface ThreadInfo {
  name: string;
  kind: 'task' | 'irq' | 'softirq' | LaneKind;
  cpu: number;
  /** For declared threads: routine and arguments; for lanes the prologue. */
  entry: number;
  frame: number;
  args: number[];
  parent: number;
}

export interface Source {
  op: Instr | undefined;
  site: Site;
  routine: string;
}

export interface CompiledRoutine {
  name: string;
  entry: number;
  /** Words of a frame: return address, caller's frame, destination, registers. */
  frame: number;
  params: number;
  /** Where each register is in the frame. */
  registers: Map<string, number>;
}

export interface Compiled {
  program: Program;
  memory: Memory;
  code: Int32Array;
  sources: Source[];
  routines: CompiledRoutine[];
  threads: ThreadInfo[];
  /** Threads from the program; lanes follow, then (when there is a setup) the thread that runs it. */
  declared: number;
  setup: number;
  domains: string[];
  keys: string[];
  /** Alternatives of each unknown. */
  alternatives: number[][];
  asserts: { hazard: number; message: string }[];
  spawns: number;
  laneBase: Int32Array;
  laneCount: Int32Array;
  allocs: number;
  poolBase: Int32Array;
  poolCount: Int32Array;
  usesRefs: boolean;
  /** Whether a count begins near the top, where it can saturate or wrap. */
  high: boolean;
  loops: number;
}

const LOOP_ROUNDS = 4;
/** A count that begins here may come to the top. */
const HIGH = 2 ** 30;

export function compile(program: Program, rounds = LOOP_ROUNDS): Compiled {
  const memory = layOut(program);
  const index = new Map(program.routines.map((r, i) => [r.name, i]));
  if (index.size !== program.routines.length) throw new ProgramError('two routines have one name');
  const words: number[] = [];
  const unit = new Unit(program, memory, index, words);
  for (const routine of program.routines) unit.translate(routine);
  const prologues = unit.prologues();
  const threads: ThreadInfo[] = program.threads.map((thread, i) => {
    const routine = unit.routines[unit.routine(thread.routine)];
    if (!routine) throw new ProgramError(`thread ${thread.name}: no routine ${thread.routine}`);
    const kind = thread.kind ?? 'task';
    return {
      name: thread.name,
      kind,
      cpu: thread.cpu ?? i,
      entry: kind === 'task' ? routine.entry : prologues.irq,
      frame: routine.frame,
      args: [unit.routine(thread.routine), ...thread.args.map((a) => unit.constant(a))],
      parent: -1,
    };
  });
  const compiled: Compiled = {
    program,
    memory,
    code: new Int32Array(words),
    sources: unit.sources,
    routines: unit.routines,
    threads,
    declared: threads.length,
    setup: -1,
    domains: unit.domains,
    keys: unit.keys,
    alternatives: unit.alternatives,
    asserts: unit.asserts,
    spawns: unit.spawns,
    laneBase: new Int32Array(0),
    laneCount: new Int32Array(0),
    allocs: unit.allocTypes.length,
    poolBase: new Int32Array(0),
    poolCount: new Int32Array(0),
    usesRefs: unit.usesRefs,
    high: startsHigh(program),
    loops: rounds,
  };
  sizeThreads(compiled, unit, prologues);
  return compiled;
}

function startsHigh(program: Program): boolean {
  return (
    program.types.some((t) => t.cells.some((k) => k.kind === 'ref' && (k.init ?? 0) >= HIGH)) ||
    program.routines.some((r) => r.code.some((op) => op.op === 'ref.init' && op.value >= HIGH))
  );
}
