/**
 * The current execution: its events, their vector clocks, and the races between them.
 *
 * `record` is called before an event happens: it stores what the event touches; `order` afterwards computes which earlier events
 * happen before it, walking back from the latest, and notes each race: an earlier event that conflicts and is not ordered otherwise.
 * Operations that wait are special, because what let them go cannot come after them: the race of an acquisition is with the
 * earlier acquisition, not with the release between them, and the race of a wait is with those earlier changes before which it
 * could go on already. A clock entry is the number of the thread's last event that happens before, plus one.
 */

import { idle } from './deferred.ts';
import { conflicts } from './dependence.ts';
import { F_CPU, F_OLD, F_OP, F_PARAM, FOOT, type Machine } from './machine.ts';
import * as O from './opcodes.ts';
import { grown } from './wakeup-tree.ts';

const MAX_PAIRS = 64;

export class Execution {
  readonly mc: Machine;
  readonly threads: number;
  length = 0;
  capacity = 64;
  thread = new Int32Array(64);
  choice = new Int32Array(64);
  foot = new Int32Array(64 * FOOT);
  clock: Int32Array;
  /** The event before it in its thread, or the one that started the lane; -1 at the start. */
  before = new Int32Array(64);
  /** The acquisition that a release ends, the entry that an exit ends. */
  link = new Int32Array(64);
  lane = new Int32Array(64);
  raceStart = new Int32Array(64);
  raceFirst = new Int32Array(256);
  raceSecond = new Int32Array(256);
  races = 0;
  /** Latest event of each thread (or the one that started it), -1 at the start. */
  readonly last: Int32Array;
  private readonly pairs = new Int32Array(MAX_PAIRS * 2);

  constructor(mc: Machine) {
    this.mc = mc;
    this.threads = mc.threads;
    this.clock = new Int32Array(64 * mc.threads);
    this.last = new Int32Array(mc.threads).fill(-1);
  }

  /** Appends the event that `t` is about to do; its footprint is in `mc.foot`. */
  record(t: number, choice: number): number {
    const d = this.length++;
    if (d + 1 >= this.capacity) this.grow();
    this.thread[d] = t;
    this.choice[d] = choice;
    this.foot.set(this.mc.foot, d * FOOT);
    this.before[d] = this.last[t]!;
    this.last[t] = d;
    this.lane[d] = -1;
    this.link[d] = -1;
    this.raceStart[d] = this.races;
    this.order(d, t);
    return d;
  }

  /** The event has started a lane. */
  started(d: number, lane: number): void {
    if (lane < 0) return;
    this.lane[d] = lane;
    this.last[lane] = d;
  }

  /** Takes the last event back. */
  pop(): number {
    const d = --this.length;
    this.last[this.thread[d]!] = this.before[d]!;
    if (this.lane[d]! >= 0) this.last[this.lane[d]!] = -1;
    this.races = this.raceStart[d]!;
    return d;
  }

  /** Whether event `i` happens before event `d`. */
  happensBefore(i: number, d: number): boolean {
    return this.clock[d * this.threads + this.thread[i]!]! > i;
  }

  private order(d: number, t: number): void {
    const { clock, foot, thread, threads: n } = this;
    const at = d * n;
    const po = this.before[d]!;
    if (po >= 0) for (let k = 0; k < n; k++) clock[at + k] = clock[po * n + k]!;
    else for (let k = 0; k < n; k++) clock[at + k] = 0;
    const f = d * FOOT;
    const mode = foot[f + 2]!;
    this.findLink(d, mode);
    const op = foot[f + F_OP]!;
    const waits = waitingKind(op, mode);
    let pairs = 0;
    const object = foot[f]!;
    const address = foot[f + 1]!;
    const whole = mode === O.M_WHOLE_WRITE || mode === O.M_WHOLE_READ;
    const simple = foot[f + 3]! < 0 && foot[f + 6]! < 0;
    if (foot[f]! >= 0 || foot[f + 3]! >= 0 || foot[f + 6]! >= 0) {
      for (let i = d - 1; i >= 0; i--) {
        const q = thread[i]!;
        if (clock[at + q]! > i) continue;
        const g = i * FOOT;
        if (simple && foot[g + 3]! < 0 && foot[g + 6]! < 0) {
          if (foot[g] !== object) continue;
          const other = foot[g + 2]!;
          if (foot[g + 1] !== address && !whole && other !== O.M_WHOLE_WRITE && other !== O.M_WHOLE_READ)
            continue;
        }
        if (!conflicts(foot, g, foot, f)) {
          if (!this.awaited(i, d, mode)) continue;
        } else if (this.releases(i, d)) {
          if (pairs < MAX_PAIRS) {
            this.pairs[2 * pairs] = i;
            this.pairs[2 * pairs++ + 1] = this.link[i]!;
          }
        } else if (waits === NEVER || foot[g + 2] === O.M_WHOLE_WRITE || !this.sameCell(i, d))
          this.race(i, d);
        const from = i * n;
        for (let k = 0; k < n; k++) if (clock[from + k]! > clock[at + k]!) clock[at + k] = clock[from + k]!;
      }
      if (pairs > 0) this.pairRaces(d, po, pairs);
      if (waits !== NEVER) this.waitRaces(d, d, po, f, waits, foot);
    }
    clock[at + t] = d + 1;
  }

  /** Races of an acquisition with earlier acquisitions: those that nothing but their release orders before it. */
  private pairRaces(d: number, po: number, count: number): void {
    const { pairs, clock, threads: n, thread } = this;
    for (let p = 0; p < count; p++) {
      const a = pairs[2 * p + 1]!;
      if (a < 0) continue;
      const q = thread[a]!;
      if (po >= 0 && clock[po * n + q]! > a) continue;
      let ordered = false;
      for (let o = 0; o < count; o++) if (o !== p && clock[pairs[2 * o]! * n + q]! > a) ordered = true;
      if (!ordered) this.race(a, d);
    }
  }

  /**
   * Races of something that waits: with every earlier change of its cell before which it could have gone on, unless its
   * own thread comes after that change anyway. `second` is `d`, or -1 - thread for one that still waits at the end.
   */
  waitRaces(second: number, d: number, po: number, f: number, waits: number, foot: Int32Array): void {
    const { clock, threads: n, thread } = this;
    const t = second >= 0 ? thread[second]! : -1 - second;
    let tasks = 0;
    const woke = waits === O.WAIT ? this.wakeOf(d, t) : -1;
    for (let i = d - 1; i >= 0; i--) {
      const q = thread[i]!;
      if (q === t || (po >= 0 && clock[po * n + q]! > i)) continue;
      if (!conflicts(this.foot, i * FOOT, foot, f) || !meetsFirst(this.foot, i * FOOT, foot, f)) continue;
      // Without the wake-up it would sleep on.
      if (i === woke || (woke >= 0 && this.happensBefore(i, woke))) continue;
      if (waits === HANDLER) {
        if (tasks & (1 << (q % 31)) || !this.openAt(i, t)) continue;
        tasks |= 1 << (q % 31);
        this.race(i, second);
      } else if (couldGoOn(waits, this.foot, i * FOOT, foot, f, t)) this.race(i, second);
    }
  }

  /** The event that woke `t` before event `d`. */
  private wakeOf(d: number, t: number): number {
    for (let i = d - 1; i >= 0; i--) {
      if (this.foot[i * FOOT + F_OP] === O.WAKE && this.foot[i * FOOT + F_OLD]! & (1 << (t % 31))) return i;
    }
    return -1;
  }

  race(i: number, second: number): void {
    if (this.races >= this.raceFirst.length) {
      this.raceFirst = grown(this.raceFirst, this.races * 2);
      this.raceSecond = grown(this.raceSecond, this.races * 2);
    }
    this.raceFirst[this.races] = i;
    this.raceSecond[this.races++] = second;
  }

  /** A handler could have started just before task event `i`. */
  private openAt(i: number, t: number): boolean {
    const off = this.foot[i * FOOT + F_CPU]!;
    return this.foot[i * FOOT + 8] !== O.M_CPU_TASK || (off & (this.mc.handler[t] === 2 ? 3 : 1)) === 0;
  }

  /** `i` let go what `d` takes: a release of the lock, or the end of the handler that had the CPU. */
  private releases(i: number, d: number): boolean {
    const m = this.foot[i * FOOT + 2]!;
    const mine = this.foot[d * FOOT + 2]!;
    if (m === O.M_CPU_IRET) return true;
    if (this.foot[d * FOOT + F_OP] !== O.LOCK || (mine !== O.M_LOCK && mine !== O.M_LOCK_SHARED))
      return false;
    // A release of what is not held lets nobody in.
    return (m === O.M_UNLOCK || m === O.M_UNLOCK_SHARED) && this.link[i]! >= 0 && this.sameCell(i, d);
  }

  private sameCell(i: number, d: number): boolean {
    return meetsFirst(this.foot, i * FOOT, this.foot, d * FOOT);
  }

  /** `d` ends a wait for `i`: a reader that was inside, or a callback that was queued, when the wait began. */
  private awaited(i: number, d: number, mode: number): boolean {
    if (mode !== O.M_GRACE_END && mode !== O.M_BARRIER_END) return false;
    if (this.foot[i * FOOT] !== this.foot[d * FOOT]) return false;
    const began = this.before[d]!;
    const m = this.foot[i * FOOT + 2]!;
    if (mode === O.M_GRACE_END) return m === O.M_EXIT && this.link[i]! < began;
    return m === O.M_CALLBACK_DONE && this.bornAt(i) < began;
  }

  /** The event that started the lane of event `i`. */
  private bornAt(i: number): number {
    const t = this.thread[i]!;
    let e = i;
    while (e >= 0 && this.thread[e] === t) e = this.before[e]!;
    return e;
  }

  private findLink(d: number, mode: number): void {
    let from: number;
    if (mode === O.M_UNLOCK) from = O.M_LOCK;
    else if (mode === O.M_UNLOCK_SHARED) from = O.M_LOCK_SHARED;
    else if (mode === O.M_EXIT) from = O.M_ENTER;
    else if (mode === O.M_CPU_IRET) from = O.M_CPU_IRQ;
    else return;
    const { foot, thread } = this;
    const t = thread[d]!;
    // A reader that holds the lock twice: its last release ends its first acquisition.
    let ended = 0;
    for (let e = this.before[d]!; e >= 0 && thread[e] === t; e = this.before[e]!) {
      if (foot[e * FOOT + 1] !== foot[d * FOOT + 1]) continue;
      const m = foot[e * FOOT + 2]!;
      if (m === O.M_UNLOCK_SHARED || (m === O.M_UNLOCK && foot[e * FOOT + F_OP] === O.UNLOCK)) ended++;
      // A lock may have changed its mode in between.
      const takes = m === from || (m === O.M_LOCK && from === O.M_LOCK_SHARED);
      if (takes && ended-- <= 0) {
        this.link[d] = e;
        return;
      }
    }
  }

  bytes(): number {
    const { thread, foot, clock, raceFirst } = this;
    // Six arrays are as long as `thread`.
    return 6 * thread.byteLength + foot.byteLength + clock.byteLength + 2 * raceFirst.byteLength;
  }

  private grow(): void {
    this.capacity *= 2;
    const n = this.capacity;
    this.thread = grown(this.thread, n);
    this.choice = grown(this.choice, n);
    this.foot = grown(this.foot, n * FOOT);
    this.clock = grown(this.clock, n * this.threads);
    this.before = grown(this.before, n);
    this.link = grown(this.link, n);
    this.lane = grown(this.lane, n);
    this.raceStart = grown(this.raceStart, n);
  }
}

const NEVER = 0;
const HANDLER = -1;

/** How an operation waits: not at all, as the handler of a CPU, or for its cell (its opcode). */
export function waitingKind(op: number, mode: number): number {
  if (mode === O.M_CPU_IRQ) return HANDLER;
  if (op === O.WORK_FLUSH || op === O.WORK_START || op === O.WAIT_COMPLETION || op === O.WAIT) return op;
  return NEVER;
}

function meetsFirst(a: Int32Array, i: number, b: Int32Array, j: number): boolean {
  return (
    (a[i] === b[j] && a[i + 1] === b[j + 1]) ||
    (a[i + 3] === b[j] && a[i + 4] === b[j + 1]) ||
    (a[i + 6] === b[j] && a[i + 7] === b[j + 1])
  );
}

/** Whether what waits could have gone on with the cell as it was before event `i`. */
function couldGoOn(waits: number, a: Int32Array, i: number, b: Int32Array, j: number, t: number): boolean {
  const old = a[i + F_OLD]!;
  if (waits === O.WAIT) return a[i + F_OP] !== O.WAKE || (old & (1 << (t % 31))) === 0;
  if (a[i + 1] !== b[j + 1]) return true;
  if (waits === O.WAIT_COMPLETION) return old > 0;
  if (waits === O.WORK_START) return old === t + 1;
  const how = b[j + F_PARAM]!;
  return idle(old, (how & 1) === 1, (how & 2) === 2);
}
