/**
 * Reversing a race: the sequence that must be explored so that the second event comes first, and where it goes.
 *
 * For a race of `e` with a later `d` the sequence is everything after `e` that does not happen after it, then `d`. It is inserted in
 * the wakeup tree at the point before `e`, unless one of its weak initials is asleep there: then an execution that was explored
 * covers it. `d` may come out differently when `e` has not happened (a cmpxchg that fails after `e` succeeds before it), so what it
 * touches is computed anew. Nothing is executed here.
 */

import { footRun } from './deferred.ts';
import { conflicts } from './dependence.ts';
import type { Execution } from './execution.ts';
import { F_AUX, F_DELTA, F_OLD, F_OP, F_PARAM, FOOT } from './machine.ts';
import * as O from './opcodes.ts';
import type { Sleep } from './sleep.ts';
import { grown, type WakeupTrees } from './wakeup-tree.ts';

export class Reversal {
  private readonly ex: Execution;
  private readonly trees: WakeupTrees;
  private readonly sleep: Sleep;
  private size = 0;
  private thread = new Int32Array(64);
  private choice = new Int32Array(64);
  /** Number of the event in the execution; -1 for the one that is moved. */
  private event = new Int32Array(64);
  /** What a put at this place finds more than it did in the execution: of the count, and of memory's share. */
  private more = new Int32Array(64);
  private moreShare = new Int32Array(64);
  private readonly moved = new Int32Array(FOOT);

  constructor(ex: Execution, trees: WakeupTrees, sleep: Sleep) {
    this.ex = ex;
    this.trees = trees;
    this.sleep = sleep;
  }

  /** Event `d` before event `e`. */
  reverse(e: number, d: number, roots: Int32Array): void {
    const { ex } = this;
    this.collect(e, e);
    const f = d * FOOT;
    const waits = ex.foot[f + F_OP] === O.LOCK && ex.foot[f + 2] === O.M_LOCK;
    const sameLock = ex.foot[f + 1] === ex.foot[e * FOOT + 1];
    const first = waits && sameLock ? this.makeRoom([e], ex.thread[d]!, ex.before[d]!, ex.foot[f + 1]!) : e;
    if (first < 0) return;
    for (let k = 0; k < FOOT; k++) this.moved[k] = ex.foot[f + k]!;
    this.reclassify(e, d);
    this.push(ex.thread[d]!, ex.choice[d]!, -1);
    this.insert(first, roots[first]!);
  }

  /**
   * Thread `t` cannot take the lock exclusively, without the acquisitions `out`, as long as another reader holds it: takes out of the
   * sequence every reader who does not leave in it, and says from where the sequence is then: -1 when what `t` did before (its event `po`) needs the reader.
   */
  private makeRoom(out: number[], t: number, po: number, lock: number): number {
    let first = out[0]!;
    for (;;) {
      const reader = this.stillHeld(first, t, lock);
      if (reader < 0) return first;
      if (po >= 0 && this.ex.happensBefore(reader, po)) return -1;
      out.push(reader);
      first = Math.min(first, reader);
      this.collect(first, first);
      this.without(out);
    }
  }

  /** An acquisition of the lock by another thread than `t` that is over neither before `first` nor in the sequence, or -1. */
  private stillHeld(first: number, t: number, lock: number): number {
    const { ex } = this;
    for (let i = 0; i < ex.length; i++) {
      const f = i * FOOT;
      if (ex.foot[f + 1] !== lock || ex.thread[i] === t) continue;
      const takes = ex.foot[f + 2] === O.M_LOCK_SHARED || ex.foot[f + 2] === O.M_LOCK;
      if (!takes || ex.foot[f + F_DELTA] === 0 || ex.foot[f + F_OP] === O.UPGRADE) continue;
      if (!this.isIn(i, first)) continue;
      const end = ex.releaseOf(i);
      if (end < 0 || !this.isIn(end, first)) return i;
    }
    return -1;
  }

  private isIn(i: number, first: number): boolean {
    if (i < first) return true;
    for (let k = 0; k < this.size; k++) if (this.event[k] === i) return true;
    return false;
  }

  /** What `t` waits for in vain at the end (its footprint is in `mc.foot`), before event `e`; without what happens after any of `also`. */
  unblock(e: number, t: number, also: number[], roots: Int32Array): void {
    const { foot } = this.ex.mc;
    this.collect(e, e);
    if (also.length > 0) this.without(also);
    const waits = also.length > 0 && foot[F_OP] === O.LOCK && foot[2] === O.M_LOCK;
    const first = waits ? this.makeRoom([...also], t, this.ex.last[t]!, foot[1]!) : e;
    if (first < 0) return;
    this.moved.set(foot);
    this.push(t, 0, -1);
    this.insert(first, roots[first]!);
  }

  /** Another alternative of the unknown that event `e` decided. */
  instead(e: number, alternative: number, root: number): void {
    this.collect(e, e);
    this.moved.set(this.ex.foot.subarray(e * FOOT, e * FOOT + FOOT));
    this.push(this.ex.thread[e]!, alternative, -1);
    this.insert(e, root);
  }

  /** Everything after `from` that does not happen after `e`. */
  private collect(from: number, e: number): void {
    const { ex } = this;
    this.size = 0;
    const n = ex.threads;
    const te = ex.thread[e]!;
    for (let j = from + 1; j < ex.length; j++) {
      if (ex.clock[j * n + te]! > e) continue;
      this.push(ex.thread[j]!, ex.choice[j]!, j);
      if (ex.foot[j * FOOT + F_OP] === O.REF_PUT) this.correct(e, j);
    }
  }

  /** Without `e` and what happens after it, put `j` finds another count. */
  private correct(e: number, j: number): void {
    const { ex } = this;
    for (let i = e; i < j; i++) {
      if (i !== e && !ex.happensBefore(e, i)) continue;
      if (ex.foot[i * FOOT] === ex.foot[j * FOOT] && ex.foot[i * FOOT + 1] === ex.foot[j * FOOT + 1]) {
        this.shift(this.size - 1, this.size, ex.foot, i * FOOT, -1);
      }
    }
  }

  /** Event at `at` of `foot` happens before places `from` to `to` after all (or not, with -1): puts there find its change. */
  private shift(from: number, to: number, foot: Int32Array, at: number, sign: 1 | -1): void {
    for (let k = from; k < to; k++) {
      const j = this.event[k]!;
      const other = j < 0 ? this.moved : this.ex.foot;
      const other1 = j < 0 ? 1 : j * FOOT + 1;
      if (other[other1] !== foot[at + 1] || other[other1 - 1] !== foot[at]) continue;
      this.more[k] = this.more[k]! + sign * foot[at + F_DELTA]!;
      if (foot[at + F_OP] === O.REF_PUT) this.moreShare[k] = this.moreShare[k]! + sign * foot[at + F_AUX]!;
    }
  }

  private without(also: number[]): void {
    let kept = 0;
    for (let k = 0; k < this.size; k++) {
      const j = this.event[k]!;
      if (also.some((h) => h === j || this.ex.happensBefore(h, j))) continue;
      this.thread[kept] = this.thread[k]!;
      this.choice[kept] = this.choice[k]!;
      this.more[kept] = this.more[k]!;
      this.moreShare[kept] = this.moreShare[k]!;
      this.event[kept++] = j;
    }
    this.size = kept;
  }

  private push(thread: number, choice: number, event: number): void {
    if (this.size >= this.thread.length) {
      this.thread = grown(this.thread, this.size * 2);
      this.choice = grown(this.choice, this.size * 2);
      this.event = grown(this.event, this.size * 2);
      this.more = grown(this.more, this.size * 2);
      this.moreShare = grown(this.moreShare, this.size * 2);
    }
    this.thread[this.size] = thread;
    this.choice[this.size] = choice;
    this.more[this.size] = 0;
    this.moreShare[this.size] = 0;
    this.event[this.size++] = event;
  }

  /** The mode in which `d` touches its first location when `e`, and what happens after `e`, has not happened. */
  private reclassify(e: number, d: number): void {
    const { moved, ex } = this;
    const op = moved[F_OP]!;
    const ef = e * FOOT;
    if (op === 0 || ex.foot[ef + 1] !== moved[1] || ex.foot[ef] !== moved[0]) return;
    if (op === O.CMPXCHG) {
      if (ex.foot[ef + 2] === O.M_WRITE)
        moved[2] = ex.foot[ef + F_OLD] === moved[F_PARAM] ? O.M_WRITE : O.M_READ;
      return;
    }
    if (op === O.TASK_RUN) {
      // It runs what was the latest piece of work before `e`.
      footRun(ex.mc, moved, ex.foot[ef + F_OLD]!, ex.foot[ef + F_PARAM]!);
      return;
    }
    if (op === O.PERCPU_TRYGET) {
      moved[2] = O.M_WRITE;
      return;
    }
    const value = this.valueBefore(e, d, F_OLD, F_DELTA);
    moved[F_OLD] = value;
    if (op === O.TRYLOCK) {
      const shared = moved[F_AUX] === 1;
      const hit = shared ? value < 256 : value === 0;
      moved[2] = hit ? (shared ? O.M_LOCK_SHARED : O.M_LOCK) : O.M_LOCK_SEEN;
    } else if (op === O.UPGRADE) moved[2] = value === 1 ? O.M_LOCK : O.M_LOCK_SEEN;
    else if (op === O.REF_TRYGET) moved[2] = value > 0 ? O.M_ADD : O.M_READ;
    else if (op === O.REF_PUT) {
      const share = this.valueBefore(e, d, F_PARAM, F_AUX);
      moved[F_PARAM] = share;
      moved[2] = Math.min(value, share) > 1 ? O.M_DEC : O.M_LAST;
    }
  }

  /** The value that `d` finds without `e` and what happens after it: every change of such a cell is an addition. */
  private valueBefore(e: number, d: number, which: number, change: number): number {
    const { ex, moved } = this;
    let value = moved[which]!;
    for (let j = e; j < d; j++) {
      const f = j * FOOT;
      if (ex.foot[f + 1] !== moved[1] || ex.foot[f] !== moved[0]) continue;
      if (j === e || ex.happensBefore(e, j))
        value -= change === F_AUX && ex.foot[f + F_OP] !== O.REF_PUT ? 0 : ex.foot[f + change]!;
    }
    return value;
  }

  private insert(e: number, root: number): void {
    const { trees, sleep } = this;
    for (let t = 0; t < this.ex.threads; t++) {
      const mask = sleep.mask[e * this.ex.threads + t]!;
      if (mask !== 0 && this.isInitial(t, mask, sleep.foot, (e * this.ex.threads + t) * FOOT) !== NO) return;
    }
    let node = root;
    for (;;) {
      if (this.size === 0) return;
      let next = trees.child[node]!;
      let how = NO;
      for (; next !== 0; next = trees.sibling[next]!) {
        how = this.isInitial(trees.thread[next]!, 1 << trees.choice[next]!, trees.foot, next * FOOT);
        if (how !== NO) break;
      }
      if (next === 0) break;
      if (trees.child[next] === 0) return;
      if (how >= 0) {
        const j = this.event[how]!;
        this.shift(0, how, j < 0 ? this.moved : this.ex.foot, j < 0 ? 0 : j * FOOT, 1);
        this.drop(how);
      } else this.shift(0, this.size, trees.foot, next * FOOT, 1);
      node = next;
    }
    for (let k = 0; k < this.size; k++) {
      const child = trees.create(this.thread[k]!, this.choice[k]!);
      const j = this.event[k]!;
      if (j < 0) trees.foot.set(this.moved, child * FOOT);
      else trees.foot.set(this.ex.foot.subarray(j * FOOT, j * FOOT + FOOT), child * FOOT);
      if (trees.foot[child * FOOT + F_OP] === O.REF_PUT) {
        trees.foot[child * FOOT + F_OLD] = trees.foot[child * FOOT + F_OLD]! + this.more[k]!;
        trees.foot[child * FOOT + F_PARAM] = trees.foot[child * FOOT + F_PARAM]! + this.moreShare[k]!;
      }
      trees.append(node, child);
      node = child;
    }
  }

  private drop(at: number): void {
    this.thread.copyWithin(at, at + 1, this.size);
    this.choice.copyWithin(at, at + 1, this.size);
    this.event.copyWithin(at, at + 1, this.size);
    this.more.copyWithin(at, at + 1, this.size);
    this.moreShare.copyWithin(at, at + 1, this.size);
    this.size--;
  }

  /**
   * Whether the sequence can be continued so that the next event of `t` (one of the alternatives in `mask`) comes first: its place
   * in the sequence, ABSENT when it is not in it but independent of all, or NO.
   */
  private isInitial(t: number, mask: number, foot: Int32Array, at: number): number {
    const { ex } = this;
    let place = 0;
    while (place < this.size && this.thread[place] !== t) place++;
    if (place < this.size) {
      if ((mask & (1 << this.choice[place]!)) === 0) return NO;
      const d = this.event[place]!;
      for (let k = 0; k < place; k++) {
        const j = this.event[k]!;
        if (d >= 0 ? ex.happensBefore(j, d) : conflicts(ex.foot, j * FOOT, this.moved, 0)) return NO;
      }
      return place;
    }
    let count = foot[at + F_OLD]!;
    let share = foot[at + F_PARAM]!;
    for (let k = 0; k < this.size; k++) {
      const j = this.event[k]!;
      const other = j < 0 ? this.moved : ex.foot;
      const from = j < 0 ? 0 : j * FOOT;
      if (conflicts(other, from, foot, at)) return NO;
      if (other[from + 2] !== O.M_DEC || other[from + 1] !== foot[at + 1]) continue;
      count--;
      share += other[from + F_AUX]!;
    }
    // A put that commutes with each of the others may still be the last one after all of them.
    return foot[at + 2] === O.M_DEC && Math.min(count, share) <= 1 ? NO : ABSENT;
  }
}

const NO = -2;
const ABSENT = -1;
