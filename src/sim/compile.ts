/**
 * Turns a program into flat code: one Int32Array of fixed-width instructions for all routines, and the tables that
 * say which threads exist, which lanes (callbacks, work, timers) each of them can start, and which objects it can allocate.
 *
 * In this order: layout of memory, numbering of registers, translation of each routine, stubs for lanes, and then per
 * thread a walk over the routines that it can reach, which sizes its lanes and pools. Errors in a program (an unknown
 * name, a jump to nowhere) are thrown as `ProgramError`; nothing is executed here.
 */
import { layOut, type Memory, reserve, typeNamed } from './layout.ts';
import * as O from './opcodes.ts';
import type { Instr, Op, Place, Program, Routine, Site, Value } from './program.ts';
import { CALC_FNS, HAZARD_BIT, LOCK_KINDS, RMW_FNS, unknownValues } from './words.ts';

export class ProgramError extends Error {}

/** What a lane does before its routine runs, and therefore in which context. */
export type LaneKind = 'callback' | 'work' | 'timer' | 'switch';

export interface ThreadInfo {
  name: string;
  kind: 'task' | 'irq' | 'softirq' | LaneKind;
  cpu: number;
  /** For declared threads: routine and arguments; for lanes the stub. */
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
  loops: number;
}

const HEADER = 3;
const LOOP_ROUNDS = 4;
const MAX_POOL = 16;
const MAX_THREADS = 62;
const NOWHERE: Site = { file: '', line: 0, function: '', text: '' };

export function compile(program: Program, rounds = LOOP_ROUNDS): Compiled {
  const memory = layOut(program);
  const index = new Map(program.routines.map((r, i) => [r.name, i]));
  if (index.size !== program.routines.length) throw new ProgramError('two routines have one name');
  const words: number[] = [];
  const unit = new Unit(program, memory, index, words);
  for (const routine of program.routines) unit.translate(routine);
  const stubs = unit.stubs();
  const threads: ThreadInfo[] = program.threads.map((thread, i) => {
    const routine = unit.routines[unit.routine(thread.routine)];
    if (!routine) throw new ProgramError(`thread ${thread.name}: no routine ${thread.routine}`);
    const kind = thread.kind ?? 'task';
    return {
      name: thread.name,
      kind,
      cpu: thread.cpu ?? i,
      entry: kind === 'task' ? routine.entry : stubs.irq,
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
    loops: rounds,
  };
  sizeThreads(compiled, unit, stubs);
  return compiled;
}

interface Stubs {
  callback: number;
  work: number;
  irq: number;
  switch: number;
}

/** Translation state for one program. */
class Unit {
  readonly sources: Source[] = [];
  readonly routines: CompiledRoutine[] = [];
  readonly domains: string[] = [];
  readonly keys: string[] = [];
  readonly alternatives: number[][] = [];
  readonly asserts: { hazard: number; message: string }[] = [];
  readonly allocTypes: string[] = [];
  spawns = 0;
  usesRefs = false;
  readonly grace: Set<string>;
  private registers = new Map<string, number>();
  private routineName = '';
  readonly program: Program;
  readonly memory: Memory;
  private readonly index: Map<string, number>;
  private readonly words: number[];

  constructor(program: Program, memory: Memory, index: Map<string, number>, words: number[]) {
    this.program = program;
    this.memory = memory;
    this.index = index;
    this.words = words;
    this.grace = new Set();
    for (const routine of program.routines)
      for (const op of routine.code) {
        if (op.op === 'rcu.synchronize' || op.op === 'rcu.call' || op.op === 'rcu.barrier') {
          this.grace.add(op.domain ?? '');
        }
        if (op.op === 'percpu.kill') this.grace.add('');
      }
  }

  fail(message: string): never {
    throw new ProgramError(`routine ${this.routineName}: ${message}`);
  }

  routine(name: string): number {
    const i = this.index.get(name);
    if (i === undefined) this.fail(`no routine is called ${name}`);
    return i;
  }

  /** A value outside of any routine: arguments of threads. */
  constant(value: Value): number {
    if (typeof value === 'number') return value;
    const address = value.startsWith('@') ? this.memory.addressOf.get(value.slice(1)) : undefined;
    if (address === undefined) this.fail(`${value} is not a constant nor an object`);
    return address;
  }

  register(name: string): number {
    let r = this.registers.get(name);
    if (r === undefined) {
      r = HEADER + this.registers.size;
      this.registers.set(name, r);
    }
    return r;
  }

  value(value: Value): number {
    if (typeof value === 'number' || value.startsWith('@')) {
      const c = this.constant(value);
      if (c < -(2 ** 30) || c >= 2 ** 30) this.fail(`the constant ${c} is too large`);
      return c << 1;
    }
    return (this.register(value) << 1) | 1;
  }

  offset(place: Place): number {
    if (place.cell === '') return 0;
    const type = this.memory.types.get(place.type);
    const cell = type?.byName.get(place.cell);
    if (!cell) this.fail(`type ${place.type} has no cell ${place.cell}`);
    return cell.offset;
  }

  /** A place takes two operands: the base and, packed, the offset and the member of a union. */
  place(place: Place): [number, number] {
    const cell = this.memory.types.get(place.type)?.byName.get(place.cell);
    const union = cell && cell.member > 0 ? (cell.member << 12) | (cell.tag << 20) : 0;
    return [this.value(place.base), this.offset(place) | union];
  }

  domain(name: string | undefined): number {
    const at = this.domains.indexOf(name ?? '');
    return at >= 0 ? at : this.domains.push(name ?? '') - 1;
  }

  key(name: string): number {
    const at = this.keys.indexOf(name);
    return at >= 0 ? at : this.keys.push(name) - 1;
  }

  choose(dst: number, among: number[], key: string | undefined): number[] {
    if (among.length === 0 || among.length > 30) this.fail(`an unknown of ${among.length} values`);
    this.alternatives.push(among);
    return [O.CHOOSE, dst, this.alternatives.length - 1, key === undefined ? -1 : this.key(key)];
  }

  emit(source: number, ...operands: number[]): void {
    while (operands.length < O.SOURCE) operands.push(0);
    this.words.push(...operands, source);
  }

  get position(): number {
    return this.words.length / O.WIDTH;
  }

  translate(routine: Routine): void {
    this.routineName = routine.name;
    this.registers = new Map();
    for (const p of routine.params) this.register(p);
    const labels = new Map<string, number>();
    const fixes: { at: number; operand: number; to: string }[] = [];
    const entry = this.position;
    for (const op of routine.code) {
      this.sources.push({
        op,
        site: (op.site === undefined ? undefined : routine.sites[op.site]) ?? NOWHERE,
        routine: routine.name,
      });
      const source = this.sources.length - 1;
      if (op.op === 'label') labels.set(op.name, this.position);
      else if (op.op === 'jump' || op.op === 'branch') {
        fixes.push({ at: this.position, operand: 1, to: op.to });
        this.emit(
          source,
          op.op === 'jump' ? O.JUMP : O.BRANCH,
          0,
          op.op === 'jump' ? 0 : this.value(op.cond),
        );
      } else this.operation(op, source);
    }
    this.sources.push({ op: undefined, site: NOWHERE, routine: routine.name });
    this.emit(this.sources.length - 1, O.RETURN, 0, 0);
    for (const { at, operand, to } of fixes) {
      const target = labels.get(to);
      if (target === undefined) this.fail(`no label is called ${to}`);
      this.words[at * O.WIDTH + operand] = target;
    }
    this.routines.push({
      name: routine.name,
      entry,
      frame: HEADER + this.registers.size,
      params: routine.params.length,
      registers: this.registers,
    });
  }

  /** A failure that the core chooses: `dst` gets `error`, or the operation happens. */
  private mayFail(source: number, dst: number, error: number, emit: () => void): void {
    this.emit(source, ...this.choose(dst, [1, error], undefined));
    this.emit(source, O.CALC, this.register('<failed>'), CALC_FNS.indexOf('le'), (dst << 1) | 1, 0);
    const branch = this.position;
    this.emit(source, O.BRANCH, 0, (this.register('<failed>') << 1) | 1);
    emit();
    this.words[branch * O.WIDTH + 1] = this.position;
  }

  private operation(op: Exclude<Op, { op: 'label' | 'jump' | 'branch' }>, source: number): void {
    const emit = (...operands: number[]) => this.emit(source, ...operands);
    const dst = (name: string | undefined) => (name === undefined ? -1 : this.register(name));
    if (op.op.startsWith('ref.') || op.op.startsWith('percpu.') || op.op === 'own') this.usesRefs = true;
    switch (op.op) {
      case 'set':
        return emit(O.SET, dst(op.dst), this.value(op.value), 0);
      case 'calc':
        return emit(O.CALC, dst(op.dst), CALC_FNS.indexOf(op.fn), this.value(op.a), this.value(op.b));
      case 'unknown':
        return emit(...this.choose(dst(op.dst), unknownValues(op.what), op.key));
      case 'forget':
        return emit(O.FORGET, this.key(op.key));
      case 'call': {
        // The arguments are packed behind the call, six to an instruction.
        emit(O.CALL, this.routine(op.routine), dst(op.dst), op.args.length);
        const args = op.args.map((a) => this.value(a));
        for (let i = 0; i < args.length; i += O.SOURCE) this.emit(source, ...args.slice(i, i + O.SOURCE));
        return;
      }
      case 'return':
        return emit(
          O.RETURN,
          op.value === undefined ? 0 : this.value(op.value),
          op.value === undefined ? 0 : 1,
        );
      case 'assume':
        return emit(O.ASSUME, this.value(op.cond));
      case 'assert':
        this.asserts.push({ hazard: HAZARD_BIT[op.hazard], message: op.message });
        return emit(O.ASSERT, this.value(op.cond), this.asserts.length - 1);
      case 'load':
        return emit(
          O.LOAD,
          dst(op.dst),
          ...this.place(op.from),
          plain(op.how),
          op.how === 'dereference' ? 1 : 0,
        );
      case 'store':
        return emit(O.STORE, ...this.place(op.to), this.value(op.value), plain(op.how));
      case 'rmw':
        return emit(
          O.RMW,
          dst(op.dst),
          ...this.place(op.at),
          RMW_FNS.indexOf(op.fn),
          this.value(op.value),
          op.gives === 'new' ? 1 : 0,
        );
      case 'cmpxchg':
        return emit(
          O.CMPXCHG,
          dst(op.dst),
          ...this.place(op.at),
          this.value(op.expect),
          this.value(op.value),
        );
      case 'copy':
        return emit(O.COPY, this.value(op.to), this.value(op.from));
      case 'access':
        return emit(O.ACCESS, ...this.place(op.at), op.write ? 1 : 0, op.at.cell === '' ? 1 : 0);
      case 'address':
        return emit(
          O.CALC,
          dst(op.dst),
          CALC_FNS.indexOf('add'),
          this.value(op.of.base),
          this.offset(op.of) << 1,
        );
      case 'container':
        return emit(
          O.CONTAINER,
          dst(op.dst),
          this.value(op.of),
          this.offset({ base: 0, type: op.type, cell: op.cell }),
        );
      case 'alloc': {
        typeNamed(this.memory, op.type);
        this.allocTypes.push(op.type);
        const alloc = this.allocTypes.length - 1;
        if (!op.mayFail) return emit(O.ALLOC, dst(op.dst), alloc);
        return this.mayFail(source, dst(op.dst), 0, () => emit(O.ALLOC, dst(op.dst), alloc));
      }
      case 'free':
        return emit(O.FREE, this.value(op.object));
      case 'lock':
      case 'trylock':
      case 'unlock':
        return emit(
          op.op === 'lock' ? O.LOCK : op.op === 'unlock' ? O.UNLOCK : O.TRYLOCK,
          ...this.place(op.at),
          op.mode === 'shared' ? 1 : 0,
          LOCK_KINDS.indexOf(op.kind),
          op.irq === 'irq' || op.irq === 'irqsave' ? 1 : op.irq === 'bh' ? 2 : 0,
          op.op === 'trylock' ? dst(op.dst) : -1,
        );
      case 'downgrade':
        return emit(O.DOWNGRADE, ...this.place(op.at), LOCK_KINDS.indexOf(op.kind));
      case 'upgrade':
        return emit(O.UPGRADE, ...this.place(op.at), LOCK_KINDS.indexOf(op.kind), dst(op.dst));
      case 'assert-held':
        return emit(O.ASSERT_HELD, ...this.place(op.at), op.mode === 'exclusive' ? 1 : 0, op.not ? 1 : 0);
      case 'ref.init':
        return emit(O.REF_INIT, ...this.place(op.at), op.value);
      case 'ref.get':
        return emit(O.REF_GET, ...this.place(op.at), op.flavour === 'refcount' ? 1 : 0);
      case 'ref.tryget':
        return emit(O.REF_TRYGET, ...this.place(op.at), dst(op.dst));
      case 'ref.put':
        return emit(O.REF_PUT, ...this.place(op.at), dst(op.dst), op.flavour === 'refcount' ? 1 : 0);
      case 'ref.read':
        return emit(O.REF_READ, ...this.place(op.at), dst(op.dst));
      case 'own':
      case 'disown':
        return emit(op.op === 'own' ? O.OWN : O.DISOWN, this.value(op.object));
      case 'percpu.init': {
        const release = op.release === '' ? -1 : this.routine(op.release);
        const init = () => emit(O.PERCPU_INIT, ...this.place(op.at), release);
        if (op.dst === undefined) return init();
        return this.mayFail(source, dst(op.dst), -12, () => {
          init();
          emit(O.SET, dst(op.dst), 0);
        });
      }
      case 'percpu.get':
        return emit(O.PERCPU_GET, ...this.place(op.at));
      case 'percpu.tryget':
        return emit(O.PERCPU_TRYGET, ...this.place(op.at), dst(op.dst), op.live ? 1 : 0);
      case 'percpu.put':
        return emit(O.PERCPU_PUT, ...this.place(op.at));
      case 'percpu.kill':
        return emit(O.PERCPU_KILL, ...this.place(op.at), this.domain(''), this.spawns++);
      case 'percpu.reinit':
        return emit(O.PERCPU_REINIT, ...this.place(op.at));
      case 'percpu.exit':
        return emit(O.PERCPU_EXIT, ...this.place(op.at));
      case 'rcu.enter':
      case 'rcu.exit': {
        const quiet = !this.grace.has(op.domain ?? '');
        const enter = op.op === 'rcu.enter';
        return emit(
          quiet ? (enter ? O.RCU_ENTER_QUIET : O.RCU_EXIT_QUIET) : enter ? O.RCU_ENTER : O.RCU_EXIT,
          this.domain(op.domain),
        );
      }
      case 'rcu.synchronize':
        return emit(O.RCU_SYNC, this.domain(op.domain));
      case 'rcu.call':
        return emit(
          O.RCU_CALL,
          op.routine === '' ? -1 : this.routine(op.routine),
          this.value(op.arg),
          ...(op.head ? this.place(op.head) : ([0, 0] as const)),
          this.domain(op.domain),
          this.spawns++,
        );
      case 'rcu.barrier':
        return emit(O.RCU_BARRIER, this.domain(op.domain));
      case 'context':
        return emit(O.CONTEXT, ['irq', 'bh', 'preempt', 'pagefault'].indexOf(op.what), op.change);
      case 'sleep':
        return emit(O.SLEEP);
      case 'wait':
        return emit(O.WAIT, ...this.place(op.queue), ...this.place(op.until), this.value(op.value));
      case 'wake':
        return emit(O.WAKE, ...this.place(op.queue));
      case 'complete':
        return emit(O.COMPLETE, ...this.place(op.at), op.all ? 1 : 0);
      case 'wait-completion':
        return emit(O.WAIT_COMPLETION, ...this.place(op.at));
      case 'task-work.add':
        return emit(
          O.TASK_ADD,
          dst(op.dst),
          this.value(op.task),
          op.routine === '' ? -1 : this.routine(op.routine),
          this.value(op.arg),
          ...(op.head ? this.place(op.head) : ([0, 0] as const)),
        );
      case 'task-work.run':
        return emit(O.TASK_RUN, this.value(op.task), op.exiting ? 1 : 0);
      case 'work.queue':
        return emit(
          O.WORK_QUEUE,
          ...this.place(op.at),
          this.routine(op.routine),
          this.value(op.arg),
          this.spawns++,
          dst(op.dst),
        );
      case 'work.flush':
        return emit(O.WORK_FLUSH, ...this.place(op.at), op.cancel ? 1 : 0);
      case 'timer.start':
        return emit(
          O.TIMER_START,
          ...this.place(op.at),
          this.routine(op.routine),
          this.value(op.arg),
          this.spawns++,
          -1,
        );
      case 'timer.stop':
        return emit(O.TIMER_STOP, ...this.place(op.at), op.sync ? 1 : 0);
      case 'escape':
        return emit(O.ESCAPE, this.value(op.value));
    }
  }

  /** Code that lanes start with, before and after their routine. */
  stubs(): Stubs {
    this.sources.push({ op: undefined, site: NOWHERE, routine: '' });
    const source = this.sources.length - 1;
    const lane = (...ops: number[]) => {
      const at = this.position;
      for (const op of [...ops, O.RETURN]) this.emit(source, op);
      return at;
    };
    return {
      callback: lane(O.GRACE_END, O.LANE_BODY, O.LANE_DONE),
      work: lane(O.WORK_START, O.LANE_BODY, O.WORK_DONE),
      switch: lane(O.GRACE_END, O.PERCPU_SWITCH, O.LANE_DONE),
      irq: lane(O.IRQ_ENTER, O.LANE_BODY, O.IRQ_LEAVE),
    };
  }
}

/** Only `load` and `store` without an annotation can race. */
function plain(how: string | undefined): number {
  return how === undefined || how === 'plain' ? 1 : 0;
}

/** Which lanes and how many objects each thread can need, from the routines that it can reach. */
function sizeThreads(compiled: Compiled, unit: Unit, stubs: Stubs): void {
  const { program, memory, threads } = compiled;
  const routineOf = new Map(program.routines.map((r) => [r.name, r]));
  const releases = program.routines.flatMap((r) =>
    r.code.flatMap((op) => (op.op === 'percpu.init' && op.release !== '' ? [op.release] : [])),
  );
  const tasks = program.routines.flatMap((r) =>
    r.code.flatMap((op) => (op.op === 'task-work.add' && op.routine !== '' ? [op.routine] : [])),
  );
  // Spawns and allocations are numbered in the order of translation.
  const spawnOf = new Map<Instr, number>();
  const allocOf = new Map<Instr, number>();
  for (const r of program.routines)
    for (const op of r.code) {
      if (SPAWNING.has(op.op)) spawnOf.set(op, spawnOf.size);
      if (op.op === 'alloc') allocOf.set(op, allocOf.size);
    }
  const laneBase: number[] = [];
  const laneCount: number[] = [];
  const poolBase: number[] = [];
  const poolCount: number[] = [];
  const pending: { roots: string[]; depth: number }[] = program.threads.map((t) => ({
    roots: [t.routine],
    depth: 0,
  }));
  const counters = new Map<string, number>();
  const size = (t: number, roots: string[], depth: number, last: boolean) => {
    const lanes = new Array<number>(compiled.spawns).fill(0);
    const pool = new Array<number>(compiled.allocs).fill(0);
    const spawned = new Array<{ op: Instr }>(compiled.spawns);
    const visit = (name: string, times: number, nesting: number) => {
      const routine = routineOf.get(name);
      if (!routine || nesting > 8) return;
      const loops = inLoop(routine);
      routine.code.forEach((op, i) => {
        const n = Math.min(times * (loops[i] ? compiled.loops : 1), MAX_POOL);
        const s = spawnOf.get(op);
        if (s !== undefined) {
          lanes[s] = Math.min(lanes[s]! + n, 4);
          spawned[s] = { op };
        }
        const a = allocOf.get(op);
        if (a !== undefined) pool[a] = Math.min(pool[a]! + n, MAX_POOL);
        if (op.op === 'call') visit(op.routine, n, nesting + 1);
        if (op.op === 'percpu.put') for (const r of new Set(releases)) visit(r, 1, nesting + 1);
        if (op.op === 'task-work.run') for (const r of tasks) visit(r, 1, nesting + 1);
      });
    };
    for (const root of roots) visit(root, 1, 0);
    for (let s = 0; s < compiled.spawns; s++) {
      const want = last || depth >= 3 ? 0 : Math.min(lanes[s]!, Math.max(0, MAX_THREADS - threads.length));
      laneBase[t * compiled.spawns + s] = threads.length;
      laneCount[t * compiled.spawns + s] = want;
      for (let k = 0; k < want; k++) {
        const op = spawned[s]!.op;
        const kind: LaneKind =
          op.op === 'work.queue'
            ? 'work'
            : op.op === 'timer.start'
              ? 'timer'
              : op.op === 'percpu.kill'
                ? 'switch'
                : 'callback';
        threads.push({
          name: `${kind === 'switch' ? 'callback' : kind} of ${threads[t]!.name}`,
          kind,
          cpu: threads[t]!.cpu,
          entry: kind === 'work' || kind === 'timer' ? stubs.work : stubs[kind],
          frame: HEADER,
          args: [],
          parent: t,
        });
        const roots =
          op.op === 'percpu.kill'
            ? [...new Set(releases)]
            : 'routine' in op && op.routine
              ? [op.routine]
              : [];
        pending.push({ roots, depth: depth + 1 });
      }
    }
    for (let a = 0; a < compiled.allocs; a++) {
      const type = unit.allocTypes[a]!;
      poolBase[t * compiled.allocs + a] = memory.objects.length;
      poolCount[t * compiled.allocs + a] = pool[a]!;
      for (let k = 0; k < pool[a]!; k++) {
        const n = (counters.get(type) ?? 0) + 1;
        counters.set(type, n);
        reserve(memory, typeNamed(memory, type), `${type}#${n}`, false);
      }
    }
  };
  for (let t = 0; t < pending.length; t++) size(t, pending[t]!.roots, pending[t]!.depth, false);
  if (program.setup !== undefined) {
    compiled.setup = threads.length;
    const routine = compiled.routines[unit.routine(program.setup)]!;
    threads.push({
      name: 'setup',
      kind: 'task',
      cpu: -1,
      entry: routine.entry,
      frame: routine.frame,
      args: [unit.routine(program.setup)],
      parent: -1,
    });
    size(compiled.setup, [program.setup], 0, true);
  }
  compiled.laneBase = Int32Array.from(laneBase);
  compiled.laneCount = Int32Array.from(laneCount);
  compiled.poolBase = Int32Array.from(poolBase);
  compiled.poolCount = Int32Array.from(poolCount);
}

const SPAWNING = new Set(['percpu.kill', 'rcu.call', 'work.queue', 'timer.start']);

/** Which instructions lie between a label and a later jump back to it. */
function inLoop(routine: Routine): boolean[] {
  const labels = new Map<string, number>();
  const inside = routine.code.map(() => false);
  routine.code.forEach((op, i) => {
    if (op.op === 'label') labels.set(op.name, i);
    if (op.op === 'jump' || op.op === 'branch') {
      const from = labels.get(op.to);
      if (from !== undefined) inside.fill(true, from, i + 1);
    }
  });
  return inside;
}
