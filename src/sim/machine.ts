/**
 * The state of a running program: one Int32Array for memory, threads and ghost state, and an undo log over it.
 *
 * `createMachine` lays the words out, `reset` brings them to the start (setup run, every thread at its first event).
 * Everything that changes goes through `put`, so that `undo` can take any number of steps back without copying.
 * What operations mean is not here but in the file of each primitive; `step.ts` connects them.
 */
import type { Compiled } from './compile.ts';
import { FIRST_ADDRESS } from './layout.ts';
import { HAZARDS, type Hazard } from './program.ts';
import { HAZARD_BIT, maskOf } from './words.ts';

// Status of a thread.
export const UNBORN = 0;
export const READY = 1;
export const DONE = 2;
/** Stopped at a violation of its own. */
export const HALTED = 3;
/** Stopped because an assumption failed: this execution is not considered. */
export const STUCK = 4;

// Words of a thread, from its base.
export const STATUS = 0;
export const PC = 1;
export const FP = 2;
export const STAGE = 3;
export const IRQ = 4;
export const BH = 5;
export const PREEMPT = 6;
export const PAGEFAULT = 7;
export const HELD = 8;
export const LAST_ZERO = 9;
export const WOKEN = 10;
export const LANE_ROUTINE = 11;
export const LANE_ARG = 12;
export const LANE_AT = 13;
export const SP = 14;
export const LANE_DOMAIN = 15;
const THREAD_WORDS = 16;
export const MAX_HELD = 16;
/** Words of one entry of the list of held locks: address, `shared | kind << 1 | irq << 4`. */
export const HELD_WORDS = 2;

// Ghost words of an object, from its base; then one word per thread.
export const LIFE = 0;
/** 0 when shared, else one more than the thread that alone knows the object. */
export const PRIVATE = 1;
export const CAUSE = 2;
export const ESCAPED = 3;
export const LEDGER = 4;
// Life of an object.
export const UNALLOCATED = 0;
export const LIVE = 1;
export const FREED = 2;

// A ledger word: references owned (low 12 bits), references of code not shown (next 12), flags.
export const OWNED = 0xfff;
export const UNSEEN_ONE = 1 << 12;
export const UNSEEN = 0xfff << 12;
export const HAS_PUT = 1 << 24;
export const TRY_FAILED = 1 << 25;

/** Entries of a task's list of work: count, exiting, then (routine, argument, head) each. */
export const TASK_CAPACITY = 6;
export const TASK_WORDS = 2 + 3 * TASK_CAPACITY;

const STACK_FRAMES = 10;

/** Why an execution could not be followed to its end. */
export const LIMITS = [
  '',
  'an allocation pool is used up',
  'too many callbacks',
  'calls nest too deep',
  'a loop without events does not end',
  'too many locks held',
  'too much task work',
];

/** Words of a footprint: three times (object, address, mode), then what `reclassify` needs. */
export const FOOT = 16;
export const F_OLD = 9;
export const F_DELTA = 10;
export const F_OP = 11;
export const F_PARAM = 12;
export const F_AUX = 13;
/** Which handlers could not have started before this event: 1 interrupts off, 2 bottom halves off. */
export const F_CPU = 14;

export class Machine {
  readonly c: Compiled;
  readonly code: Int32Array;
  m: Int32Array;
  log = new Int32Array(1 << 12);
  logged = 0;
  /** Threads that can run: declared ones and lanes. */
  readonly threads: number;
  /** With the one for setup. */
  readonly allThreads: number;
  readonly objectAt: Int32Array;
  readonly base: Int32Array;
  readonly size: Int32Array;
  readonly refAt: Int32Array;
  readonly ghostBase: number;
  readonly ghostSize: number;
  readonly taskBase: number;
  readonly maskWords: number;
  readonly threadBase: Int32Array;
  readonly threadSize: number;
  readonly maskOffset: number;
  readonly nestOffset: number;
  readonly keyOffset: number;
  readonly spawnOffset: number;
  readonly allocOffset: number;
  readonly heldOffset: number;
  readonly stackOffset: number;
  readonly cpuOf: Int32Array;
  readonly high: boolean;
  readonly shared: Uint8Array;
  readonly handler: Uint8Array;
  readonly cpuBase: number;
  readonly cpus: number;
  /** Hazards that the caller wants, and those among them that the core looks for by itself. */
  wanted = 0;
  detected = 0;
  start: Int32Array;
  // Outcome of the last step.
  violation = -1;
  violator = -1;
  about = -1;
  where = -1;
  claim = -1;
  result = 0;
  stay = false;
  /** Whether a step looks for a racing access that could happen next: only while a schedule is sought or told. */
  seeRaces = false;
  /** False when callbacks are only counted, never run. */
  lanesCount = true;
  choice = 0;
  eventAt = 0;
  limit = 0;
  spawned = -1;
  /** Footprint of an event about to happen. */
  readonly foot = new Int32Array(FOOT);
  /** Called for every operation when a schedule is written down. */
  watch: ((t: number, source: number, at: number) => void) | undefined;

  constructor(c: Compiled) {
    this.c = c;
    this.code = c.code;
    this.allThreads = c.threads.length;
    this.threads = c.setup < 0 ? this.allThreads : this.allThreads - 1;
    const { objects, end } = c.memory;
    this.objectAt = new Int32Array(end).fill(-1);
    this.base = new Int32Array(objects.length);
    this.size = new Int32Array(objects.length);
    this.refAt = new Int32Array(objects.length);
    objects.forEach((o, i) => {
      this.objectAt.fill(i, o.address, o.address + o.type.size);
      this.base[i] = o.address;
      this.size[i] = o.type.size;
      this.refAt[i] = o.type.ref < 0 ? -1 : o.address + o.type.ref;
    });
    this.ghostBase = end;
    this.ghostSize = LEDGER + (c.usesRefs ? this.allThreads : 0);
    this.taskBase = this.ghostBase + objects.length * this.ghostSize;
    const usesTasks = c.program.routines.some((r) => r.code.some((op) => op.op.startsWith('task-work')));
    const cpuNumbers = [...new Set(c.threads.map((t) => t.cpu))];
    this.cpus = cpuNumbers.length;
    this.cpuBase = this.taskBase + (usesTasks ? objects.length * TASK_WORDS : 0);
    this.cpuOf = Int32Array.from(c.threads, (t) => cpuNumbers.indexOf(t.cpu));
    this.high = c.high;
    const interrupted = new Set(
      c.threads.filter((t) => t.kind === 'irq' || t.kind === 'softirq').map((t) => t.cpu),
    );
    this.shared = Uint8Array.from(c.threads, (t) => (interrupted.has(t.cpu) && t.kind === 'task' ? 1 : 0));
    this.handler = Uint8Array.from(c.threads, (t) => (t.kind === 'irq' ? 1 : t.kind === 'softirq' ? 2 : 0));
    this.maskWords = Math.ceil(this.allThreads / 31);
    this.maskOffset = THREAD_WORDS;
    this.nestOffset = this.maskOffset + this.maskWords;
    this.keyOffset = this.nestOffset + c.domains.length;
    this.spawnOffset = this.keyOffset + c.keys.length;
    this.allocOffset = this.spawnOffset + c.spawns;
    this.heldOffset = this.allocOffset + c.allocs;
    this.stackOffset = this.heldOffset + MAX_HELD * HELD_WORDS;
    const frame = Math.max(4, ...c.routines.map((r) => r.frame));
    this.threadSize =
      this.stackOffset + frame * (c.routines.length > 1 || c.threads.length > c.declared ? STACK_FRAMES : 1);
    const first = this.cpuBase + this.cpus;
    this.threadBase = Int32Array.from(c.threads, (_, t) => first + t * this.threadSize);
    this.m = new Int32Array(first + this.allThreads * this.threadSize);
    this.start = this.m;
  }

  /** Memory of the state and of the undo log. */
  bytes(): number {
    return this.m.byteLength + this.log.byteLength + this.code.byteLength;
  }

  /** Changes one word, remembering what it was. */
  put(at: number, value: number): void {
    const old = this.m[at]!;
    if (old === value) return;
    if (this.logged + 2 > this.log.length) {
      const larger = new Int32Array(this.log.length * 2);
      larger.set(this.log);
      this.log = larger;
    }
    this.log[this.logged++] = at;
    this.log[this.logged++] = old;
    this.m[at] = value;
  }

  /** Takes back every change since the log was `mark` words long. */
  undo(mark: number): void {
    const { log, m } = this;
    let n = this.logged;
    while (n > mark) {
      n -= 2;
      m[log[n]!] = log[n + 1]!;
    }
    this.logged = n;
  }

  value(t: number, operand: number): number {
    return operand & 1 ? this.m[this.m[this.threadBase[t]! + FP]! + (operand >> 1)]! : operand >> 1;
  }

  setRegister(t: number, register: number, value: number): void {
    if (register >= 0) this.put(this.m[this.threadBase[t]! + FP]! + register, value);
    this.result = value;
  }

  /** The object that contains an address, or -1. */
  objectOf(address: number): number {
    return address >= FIRST_ADDRESS && address < this.ghostBase ? this.objectAt[address]! : -1;
  }

  ghost(object: number): number {
    return this.ghostBase + object * this.ghostSize;
  }

  /** The word that says what thread `t` owns of `object`. */
  ledger(object: number, t: number): number {
    return this.ghostBase + object * this.ghostSize + LEDGER + t;
  }

  owned(object: number, t: number): number {
    return this.c.usesRefs ? this.m[this.ledger(object, t)]! & OWNED : 0;
  }

  statusOf(t: number): number {
    return this.m[this.threadBase[t]! + STATUS]!;
  }

  /** Stops a thread whose execution is not considered any further. */
  stick(t: number): void {
    this.put(this.threadBase[t]! + STATUS, STUCK);
  }

  overflow(t: number, limit: number): void {
    this.limit = limit;
    this.stick(t);
  }

  /** Reports a violation by `t` when it is wanted; true means that the thread has been stopped. */
  violate(t: number, hazard: Hazard, object = -1): boolean {
    const bit = HAZARD_BIT[hazard];
    if (!(this.detected & (1 << bit))) return false;
    this.record(t, bit, object);
    return true;
  }

  record(t: number, bit: number, object: number): void {
    this.put(this.threadBase[t]! + STATUS, HALTED);
    if (this.violation >= 0) return;
    this.violation = bit;
    this.violator = t;
    this.about = object;
    this.where = this.code[this.eventAt + 7]!;
    this.claim = -1;
  }

  want(hazards: readonly Hazard[] | undefined): void {
    this.wanted = hazards === undefined ? (1 << HAZARDS.length) - 1 : maskOf(hazards);
    this.detected = maskOf(hazards);
  }
}
