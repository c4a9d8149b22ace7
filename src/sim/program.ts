/**
 * The language of the simulation core: small thread programs over objects with typed cells.
 *
 * A program is data. It says which objects exist, which routines there are, and which threads run them;
 * it knows nothing of C. The concurrent explorer runs a whole program in every order that matters; the
 * sequential explorer runs one routine from an unknown environment, on every path.
 *
 * Values are integers. A pointer is the address of a cell: 0 is NULL, negative values are error pointers
 * (so IS_ERR(p) is `lt p 0`), and the address of an object is the address of its first cell.
 */

/** A constant, the name of a register (thread-local), or `@name`: the address of a declared object. */
export type Value = number | string;

/** Cell `cell` of the object of type `type` that `base` points to; `cell` '' is what `base` points to itself. */
export interface Place {
  base: Value;
  type: string;
  cell: string;
}

/** Where an operation comes from; schedules show `text`. */
export interface Site {
  file: string;
  /** 1-based; 0 when there is none. */
  line: number;
  function: string;
  text: string;
}

export type LockKind = 'spin' | 'raw-spin' | 'rwlock' | 'mutex' | 'rwsem' | 'bit' | 'seqlock';
export type LockMode = 'exclusive' | 'shared';
/*
 * Readers of a seqlock or seqcount hold nothing and need no operation: read_seqbegin() is a load (acquire) of an int cell and an
 * assumption that it is even, read_seqretry() a second load and a comparison that goes back (include/linux/seqlock.h). The writer's
 * side is `lock` of kind seqlock (or whatever serialises writers), with an `rmw` add of 1 to the cell after it and one before the `unlock`. To
 * the search these are what they are on the machine: accesses of one cell, so no reader is tried twice at the same count.
 */
/** What an acquisition does to interrupts on its CPU. */
export type IrqFlavour = 'plain' | 'irq' | 'irqsave' | 'bh';
/** `refcount` saturates as refcount_t does, `atomic` wraps and never complains by itself. */
export type RefFlavour = 'refcount' | 'atomic';
export type CalcFn =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'mod'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le';

/** What is known of an unknown value: the sequential explorer narrows it at tests. */
export type Unknown =
  | 'int'
  | 'bool'
  | 'pointer'
  | 'pointer-or-error'
  | 'zero-or-error'
  | 'nonnull'
  | { among: number[] };

export type Op =
  // registers and control
  | { op: 'set'; dst: string; value: Value }
  | { op: 'calc'; dst: string; fn: CalcFn; a: Value; b: Value }
  /** An unknown value; with `key`, the same answer for the same key until a `forget` of that key. */
  | { op: 'unknown'; dst: string; what: Unknown; key?: string }
  | { op: 'forget'; key: string }
  | { op: 'label'; name: string }
  | { op: 'jump'; to: string }
  /** Falls through when `cond` is zero, else goes to `to`. */
  | { op: 'branch'; cond: Value; to: string }
  | { op: 'call'; routine: string; args: Value[]; dst?: string }
  | { op: 'return'; value?: Value }
  /** Executions in which `cond` is zero are not considered (counted as blocked, not as complete). */
  | { op: 'assume'; cond: Value }
  | { op: 'assert'; cond: Value; hazard: Hazard; message: string }
  // memory
  | { op: 'load'; dst: string; from: Place; how?: 'plain' | 'once' | 'acquire' | 'dereference' }
  | { op: 'store'; to: Place; value: Value; how?: 'plain' | 'once' | 'release' | 'assign' }
  /** Atomic read-modify-write; `dst` gets the old or the new value. */
  | {
      op: 'rmw';
      at: Place;
      fn: 'xchg' | 'add' | 'sub' | 'and' | 'or' | 'xor';
      value: Value;
      dst?: string;
      gives?: 'old' | 'new';
    }
  | { op: 'cmpxchg'; dst: string; at: Place; expect: Value; value: Value }
  /** Copies every cell of an object, locks and counts included (`*to = *from`). */
  | { op: 'copy'; to: Value; from: Value; type: string }
  /** Touches an object without a value of interest. */
  | { op: 'access'; at: Place; write: boolean }
  | { op: 'address'; dst: string; of: Place }
  /** container_of: the object of `type` whose `cell` is at address `of`. */
  | { op: 'container'; dst: string; of: Value; type: string; cell: string }
  | { op: 'alloc'; dst: string; type: string; mayFail?: boolean; zeroed?: boolean }
  | { op: 'free'; object: Value }
  // locks
  | { op: 'lock'; at: Place; kind: LockKind; mode: LockMode; irq?: IrqFlavour }
  | { op: 'trylock'; dst: string; at: Place; kind: LockKind; mode: LockMode; irq?: IrqFlavour }
  | { op: 'unlock'; at: Place; kind: LockKind; mode: LockMode; irq?: IrqFlavour }
  | { op: 'downgrade'; at: Place; kind: LockKind }
  | { op: 'upgrade'; dst: string; at: Place; kind: LockKind }
  | { op: 'assert-held'; at: Place; mode?: LockMode; not?: boolean }
  // references
  | { op: 'ref.init'; at: Place; value: number; flavour: RefFlavour }
  | { op: 'ref.get'; at: Place; flavour: RefFlavour }
  | { op: 'ref.tryget'; dst: string; at: Place; flavour: RefFlavour }
  /** `dst` is 1 when this was the last reference. */
  | { op: 'ref.put'; at: Place; flavour: RefFlavour; dst?: string }
  | { op: 'ref.read'; dst: string; at: Place; flavour: RefFlavour }
  /** The thread now owns (no longer owns) a reference, counted by code that is not shown. */
  | { op: 'own'; object: Value; what: string }
  | { op: 'disown'; object: Value; what: string }
  | { op: 'percpu.init'; at: Place; release: string; dst?: string }
  | { op: 'percpu.get'; at: Place }
  | { op: 'percpu.tryget'; dst: string; at: Place; live?: boolean }
  | { op: 'percpu.put'; at: Place }
  | { op: 'percpu.kill'; at: Place }
  | { op: 'percpu.reinit'; at: Place }
  | { op: 'percpu.exit'; at: Place }
  // RCU and SRCU; the domain '' is RCU
  | { op: 'rcu.enter'; domain?: string }
  | { op: 'rcu.exit'; domain?: string }
  | { op: 'rcu.synchronize'; domain?: string }
  /** After a grace period runs `routine` with `arg`, or frees `arg` when `routine` is ''. */
  | { op: 'rcu.call'; routine: string; arg: Value; head?: Place; domain?: string }
  | { op: 'rcu.barrier'; domain?: string }
  // contexts
  | { op: 'context'; what: 'irq' | 'bh' | 'preempt' | 'pagefault'; change: 1 | -1 }
  /** May sleep: a violation when the context forbids it. */
  | { op: 'sleep' }
  // waiting and deferred work
  | { op: 'wait'; queue: Place; until: Place; value: Value }
  | { op: 'wake'; queue: Place }
  | { op: 'complete'; at: Place; all?: boolean }
  | { op: 'wait-completion'; at: Place }
  | { op: 'task-work.add'; dst?: string; task: Value; routine: string; arg: Value; head?: Place }
  | { op: 'task-work.run'; task: Value; exiting?: boolean }
  | { op: 'work.queue'; dst?: string; at: Place; routine: string; arg: Value }
  | { op: 'work.flush'; at: Place; cancel?: boolean }
  | { op: 'timer.start'; at: Place; routine: string; arg: Value }
  | { op: 'timer.stop'; at: Place; sync?: boolean }
  /** The pointer leaves what can be seen; with `to`, it was lent to that function, which may or may not keep it. */
  | { op: 'escape'; value: Value; to?: string };

/** An operation and, as an index into `Routine.sites`, where it comes from. */
export type Instr = Op & { site?: number };

export interface Routine {
  name: string;
  params: string[];
  code: Instr[];
  sites: Site[];
}

export type CellKind =
  | 'int'
  | 'pointer'
  | 'lock'
  | 'ref'
  | 'percpu-ref'
  | 'callback'
  | 'queue'
  | 'completion'
  | 'work'
  | 'timer';

export interface CellType {
  name: string;
  kind: CellKind;
  /** Name of a struct type when this is a pointer to one. */
  target?: string;
  /** Cells of one union share this name and the same memory. */
  union?: string;
  init?: number;
}

export interface ObjectType {
  name: string;
  cells: CellType[];
}

/** An object that exists from the start, live unless it says otherwise. */
export interface ObjectDecl {
  name: string;
  type: string;
}

export interface ThreadDecl {
  name: string;
  routine: string;
  args: Value[];
  /** `irq` and `softirq` run to completion on `cpu` whenever interrupts (bottom halves) are enabled there. */
  kind?: 'task' | 'irq' | 'softirq';
  cpu?: number;
}

export interface Program {
  name: string;
  types: ObjectType[];
  objects: ObjectDecl[];
  routines: Routine[];
  /** Runs alone before the threads start. */
  setup?: string;
  threads: ThreadDecl[];
}

/** The properties that are checked; each is the class of a finding. */
export const HAZARDS = [
  'use-after-free',
  'use-after-put',
  'double-free',
  'double-put',
  'get-on-zero',
  'uninit-ref',
  'ref-leak',
  'leak',
  'missing-unlock',
  'double-unlock',
  'double-lock',
  'missing-lock',
  'lock-order',
  'deadlock',
  'lock-lifetime',
  'sleep-in-atomic',
  'irq-unsafe-lock',
  'missing-rcu',
  'missing-grace-period',
  'tryget-misuse',
  'stale-after-relock',
  'overlay',
  'lost-update',
  'lost-wakeup',
  'unbounded-pin',
  'data-race',
] as const;
export type Hazard = (typeof HAZARDS)[number];

/** One step of a schedule, in the words of the program. */
export interface Step {
  /** Index into `Schedule.threads`. */
  thread: number;
  site: Site;
  /** What the operation did, for people: `tryget(p) = false`. */
  text: string;
  /** Notes for the viewer: state that changed, as `name = value`. */
  effects: string[];
}

export interface Violation {
  hazard: Hazard;
  /** Index into `Schedule.threads`. */
  thread: number;
  site: Site;
  message: string;
  /** Name of the object it is about, as declared or as allocated (`type#n`). */
  object?: string;
}

export interface Schedule {
  threads: { name: string; kind: string; cpu: number }[];
  steps: Step[];
  violation: Violation;
}

export type Verdict =
  | { kind: 'safe'; executions: number; bounded: boolean }
  | { kind: 'violates'; executions: number; schedule: Schedule; choices: number[] }
  | { kind: 'not-exhausted'; executions: number; reason: string };
