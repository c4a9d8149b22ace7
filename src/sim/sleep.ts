/**
 * Sleep sets: threads whose next event need not be explored from a point, because an earlier branch did.
 *
 * For each point of the execution and each thread: a mask of the alternatives that sleep (one bit for an event without alternatives), and what
 * the event touches. A thread wakes up when an event conflicts with its own (Godefroid 1996, section 5).
 */
import { conflicts } from './dependence.ts';
import { F_OP, FOOT, type Machine } from './machine.ts';
import { REF_PUT } from './opcodes.ts';
import { footprint } from './step.ts';
import { grown } from './wakeup-tree.ts';

export class Sleep {
  mask: Int32Array;
  foot: Int32Array;
  private readonly mc: Machine;
  private readonly threads: number;

  constructor(mc: Machine) {
    this.mc = mc;
    this.threads = mc.threads;
    this.mask = new Int32Array(64 * mc.threads);
    this.foot = new Int32Array(64 * mc.threads * FOOT);
  }

  reserve(depth: number): void {
    const need = (depth + 2) * this.threads;
    if (need <= this.mask.length) return;
    this.mask = grown(this.mask, this.mask.length * 2);
    this.foot = grown(this.foot, this.foot.length * 2);
  }

  bytes(): number {
    return this.mask.byteLength + this.foot.byteLength;
  }

  asleep(depth: number, t: number): number {
    return this.mask[depth * this.threads + t]!;
  }

  /** The branch with this event has been explored. */
  add(depth: number, t: number, choice: number, foot: Int32Array, at: number): void {
    const i = depth * this.threads + t;
    this.mask[i] = this.mask[i]! | (1 << choice);
    for (let k = 0; k < FOOT; k++) this.foot[i * FOOT + k] = foot[at + k]!;
  }

  /** Who still sleeps after event `depth`, which thread `t` has just done; `events` holds what it touched. */
  pass(depth: number, t: number, events: Int32Array): void {
    const { mc, threads: n } = this;
    const from = depth * n;
    const to = from + n;
    for (let q = 0; q < n; q++) {
      const mask = this.mask[from + q]!;
      if (mask === 0 || q === t) {
        this.mask[to + q] = 0;
        continue;
      }
      const own = (from + q) * FOOT;
      const next = (to + q) * FOOT;
      let wakes: boolean;
      if (this.foot[own + F_OP] === REF_PUT) {
        // What it would touch now: a put may have become the last one.
        footprint(mc, q);
        wakes = conflicts(mc.foot, 0, events, depth * FOOT);
        if (!wakes) for (let k = 0; k < FOOT; k++) this.foot[next + k] = mc.foot[k]!;
      } else {
        wakes = conflicts(this.foot, own, events, depth * FOOT);
        if (!wakes) for (let k = 0; k < FOOT; k++) this.foot[next + k] = this.foot[own + k]!;
      }
      this.mask[to + q] = wakes ? 0 : mask;
    }
  }
}
