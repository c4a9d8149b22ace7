/**
 * Explores every Mazurkiewicz trace of a program exactly once: optimal dynamic partial-order reduction.
 *
 * Depth first, with an undo log: forward along the wakeup tree, or by choosing the first thread that can go on and does not sleep;
 * at the end of an execution every race in it is reversed into the wakeup trees on the way; then back to the deepest point where
 * something is left. After Abdulla, Aronis, Jonsson, Sagonas (J. ACM 64, 2017), with operations that wait as disabled events and
 * unknowns as events with alternatives. `redundant` counts executions that were started in vain (all that can go on sleeps);
 * it stays 0. Violations stop only the thread that commits them, so that other orders are still found.
 */

import { Execution, waitingKind } from './execution.ts';
import { F_OLD, F_OP, FOOT, LIMITS, type Machine, READY } from './machine.ts';
import { isDataRace } from './memory.ts';
import * as O from './opcodes.ts';
import { COMPLETE_RUN, DEADLOCKED_RUN, finish } from './outcome.ts';
import { Reversal } from './reversal.ts';
import { choiceOf } from './search.ts';
import { Sleep } from './sleep.ts';
import * as S from './step.ts';
import { WakeupTrees } from './wakeup-tree.ts';
import { HAZARD_BIT } from './words.ts';

export interface Counts {
  complete: number;
  blocked: number;
  deadlocked: number;
  redundant: number;
  steps: number;
}

export interface Visitor {
  /** A violation in the current execution; true ends the exploration. */
  violation(path: () => number[]): boolean;
  /** Called every so often, with the bytes that the exploration takes; a reason to stop, or ''. */
  check(counts: Counts, bytes: number): string;
  /** Called at the end of each complete or blocked execution. */
  end?(outcome: number): void;
}

export interface Exploration {
  counts: Counts;
  /** Why it did not come to an end, or ''. */
  reason: string;
}

const MAX_LENGTH = 5_000;

export class Dpor {
  readonly mc: Machine;
  private readonly ex: Execution;
  private readonly trees = new WakeupTrees();
  private readonly sleep: Sleep;
  private readonly reversal: Reversal;
  private marks = new Int32Array(MAX_LENGTH + 2);
  private roots = new Int32Array(MAX_LENGTH + 2);
  /** Numbers of the events of this execution that violate. */
  private readonly wrong: number[] = [];
  readonly counts: Counts = { complete: 0, blocked: 0, deadlocked: 0, redundant: 0, steps: 0 };
  private readonly visitor: Visitor;
  private readonly wantsRaces: boolean;
  private stopped = false;
  /** The first event of this execution that no earlier one shares. */
  private fresh = 0;

  constructor(mc: Machine, visitor: Visitor) {
    this.mc = mc;
    this.visitor = visitor;
    this.wantsRaces = (mc.detected & (1 << HAZARD_BIT['data-race'])) !== 0;
    this.ex = new Execution(mc);
    this.sleep = new Sleep(mc);
    this.reversal = new Reversal(this.ex, this.trees, this.sleep);
  }

  run(): Exploration {
    const { mc, ex, trees, counts } = this;
    if (mc.limit !== 0) return { counts, reason: LIMITS[mc.limit]! };
    this.roots[0] = trees.create(0, 0);
    for (;;) {
      const reason = this.forward();
      if (reason !== GO_ON) return { counts, reason };
      // Back to the deepest point where something is left.
      for (;;) {
        if (ex.length === 0) return { counts, reason: '' };
        const d = ex.pop();
        mc.undo(this.marks[d]!);
        while (this.wrong.length > 0 && this.wrong.at(-1)! >= d) this.wrong.pop();
        trees.release(this.roots[d + 1]!);
        this.sleep.add(d, ex.thread[d]!, ex.choice[d]!, ex.foot, d * FOOT);
        if (trees.child[this.roots[d]!] !== 0) {
          this.fresh = d;
          break;
        }
      }
    }
  }

  /** Goes on from the current point to the end of an execution. */
  private forward(): string {
    const { mc, ex, trees, sleep, counts } = this;
    for (;;) {
      const d = ex.length;
      let t = -1;
      let choice = 0;
      let node = 0;
      while (trees.child[this.roots[d]!] !== 0 && t < 0) {
        node = trees.takeFirst(this.roots[d]!);
        if (S.enabled(mc, trees.thread[node]!)) {
          t = trees.thread[node]!;
          choice = trees.choice[node]!;
        } else {
          trees.release(node);
          node = 0;
        }
      }
      if (t < 0) {
        t = this.pick(d);
        if (t === NOBODY) return this.atEnd();
        if (t === ALL_ASLEEP) {
          counts.redundant++;
          this.reverseAll();
          return GO_ON;
        }
        choice = this.awake(d, t);
        node = trees.create(t, choice);
      }
      if (d >= MAX_LENGTH) return `an execution is longer than ${MAX_LENGTH} steps`;
      if ((++counts.steps & 1023) === 0) {
        const reason = this.visitor.check(counts, this.bytes());
        if (reason !== '') return reason;
      }
      this.marks[d] = mc.logged;
      S.footprint(mc, t);
      ex.record(t, choice);
      S.step(mc, t, choice);
      ex.started(d, mc.spawned);
      if (mc.limit !== 0) return LIMITS[mc.limit]!;
      sleep.reserve(d + 1);
      sleep.pass(d, t, ex.foot);
      this.roots[d + 1] = node;
      if (mc.violation >= 0 && this.isFirst(d)) {
        this.wrong.push(d);
        if (this.visitor.violation(() => this.path())) return STOPPED;
      }
    }
  }

  /** The first thread that can go on and does not sleep. */
  private pick(d: number): number {
    const { mc, ex } = this;
    let able = false;
    // The thread that ran last comes first, so that schedules are short.
    const last = d > 0 ? ex.thread[d - 1]! : -1;
    for (let i = -1; i < mc.threads; i++) {
      const t = i < 0 ? last : i;
      if (t < 0 || !S.enabled(mc, t)) continue;
      able = true;
      if (this.awake(d, t) >= 0) return t;
    }
    return able ? ALL_ASLEEP : NOBODY;
  }

  /** The first alternative of the next event of `t` that does not sleep, or -1. */
  private awake(d: number, t: number): number {
    const asleep = this.sleep.asleep(d, t);
    if (asleep === 0) return 0;
    const n = S.alternatives(this.mc, t);
    for (let a = 0; a < n; a++) if ((asleep & (1 << a)) === 0) return a;
    return -1;
  }

  /** What grows with the length of executions and with what is left to explore. */
  private bytes(): number {
    const { mc, ex, trees, sleep, marks, roots } = this;
    return mc.bytes() + ex.bytes() + trees.bytes() + sleep.bytes() + marks.byteLength + roots.byteLength;
  }

  private atEnd(): string {
    const { counts, mc } = this;
    const outcome = finish(mc);
    if (outcome === COMPLETE_RUN) counts.complete++;
    else {
      counts.blocked++;
      if (outcome === DEADLOCKED_RUN) counts.deadlocked++;
    }
    this.visitor.end?.(outcome);
    if (mc.violation >= 0 && this.wrong.length === 0 && this.visitor.violation(() => this.path()))
      return STOPPED;
    this.reverseAll();
    return this.stopped ? STOPPED : GO_ON;
  }

  /** Reverses every race of the execution, frees what waits in vain, and takes other alternatives. */
  private reverseAll(): void {
    const { ex, mc, reversal, roots } = this;
    const races = ex.races;
    // Races within the part that earlier executions share were reversed then.
    for (let r = ex.raceStart[this.fresh] ?? 0; r < races; r++) {
      const e = ex.raceFirst[r]!;
      if (this.wantsRaces && isDataRace(ex.foot, e * FOOT, ex.foot, ex.raceSecond[r]! * FOOT)) {
        mc.violation = HAZARD_BIT['data-race'];
        this.stopped ||= this.visitor.violation(() => this.pathTo(e, ex.raceSecond[r]!));
      }
      reversal.reverse(e, ex.raceSecond[r]!, roots[e]!);
    }
    for (let e = 0; e < ex.length; e++) {
      const n = ex.foot[e * FOOT + F_OP] === O.CHOOSE ? ex.foot[e * FOOT + 9]! : 1;
      for (let a = 0; a < n; a++) if (a !== ex.choice[e]) reversal.instead(e, a, roots[e]!);
    }
    for (let t = 0; t < mc.threads; t++) if (mc.statusOf(t) === READY && !S.enabled(mc, t)) this.unblock(t);
    for (let t = mc.c.declared; t < mc.threads; t++) if (S.isCancelled(mc, t)) this.revive(t);
  }

  /** The lane was taken off before it started: let it start before that. */
  private revive(t: number): void {
    const { ex, mc, reversal, roots } = this;
    S.footprint(mc, t);
    for (let e = ex.length - 1; e > ex.last[t]!; e--) {
      const f = e * FOOT;
      if (ex.foot[f + F_OP] !== O.WORK_FLUSH || ex.foot[f + 1] !== mc.foot[1]) continue;
      if (ex.foot[f + F_OLD] === t + 1) reversal.unblock(e, t, [], roots[e]!);
    }
  }

  /** `t` waits at the end: reverse its race with whoever has what it waits for. */
  private unblock(t: number): void {
    const { ex, mc, reversal, roots } = this;
    S.footprint(mc, t);
    const po = ex.last[t]!;
    const mode = mc.foot[2]!;
    const holders: number[] = [];
    for (let i = 0; i < ex.length; i++) {
      if (ex.thread[i] === t || !this.keepsOut(i, mode)) continue;
      if (po >= 0 && ex.clock[po * ex.threads + ex.thread[i]!]! > i) return;
      holders.push(i);
    }
    const first = holders[0];
    if (first !== undefined) reversal.unblock(first, t, holders, roots[first]!);
    const waits = waitingKind(mc.foot[F_OP]!, mode);
    // A sleeper that was never woken has no race: the wake-ups have theirs with its going to sleep.
    if (waits === 0 || waits === O.WAIT) return;
    const races = ex.races;
    const foot = mc.foot.slice();
    ex.waitRaces(-1 - t, ex.length, po, 0, waits, foot);
    for (let r = races; r < ex.races; r++) {
      mc.foot.set(foot);
      reversal.unblock(ex.raceFirst[r]!, t, [], roots[ex.raceFirst[r]!]!);
    }
    ex.races = races;
  }

  /** Event `i` took the lock, or the CPU, that the waiting event in `mc.foot` needs, and has not let it go. */
  private keepsOut(i: number, mode: number): boolean {
    const { ex, mc } = this;
    const f = i * FOOT;
    const m = ex.foot[f + 2]!;
    const foot = mc.foot;
    const lock =
      (m === O.M_LOCK || (m === O.M_LOCK_SHARED && mode === O.M_LOCK)) &&
      (mode === O.M_LOCK || mode === O.M_LOCK_SHARED) &&
      ex.foot[f + 1] === foot[1];
    const cpu =
      m === O.M_CPU_IRQ &&
      ex.foot[f] === (foot[8] === O.M_CPU_TASK ? foot[6] : mode === O.M_CPU_IRQ ? foot[0] : -1);
    if (!lock && !cpu) return false;
    for (let j = i + 1; j < ex.length; j++)
      if (ex.link[j] === i && ex.thread[j] === ex.thread[i]) return false;
    return true;
  }

  /** No earlier violation of this execution happens before event `d`. */
  private isFirst(d: number): boolean {
    return this.wrong.every((w) => !this.ex.happensBefore(w, d));
  }

  /** The schedule in which event `d` could happen when `e` does. */
  private pathTo(e: number, d: number): number[] {
    const { ex } = this;
    const path = this.path().slice(0, e);
    for (let j = e + 1; j < d; j++) {
      if (!ex.happensBefore(e, j)) path.push(choiceOf(ex.thread[j]!, ex.choice[j]!));
    }
    return [...path, choiceOf(ex.thread[e]!, ex.choice[e]!)];
  }

  private path(): number[] {
    const path: number[] = [];
    for (let i = 0; i < this.ex.length; i++) path.push(choiceOf(this.ex.thread[i]!, this.ex.choice[i]!));
    return path;
  }
}

const GO_ON = ' ';
export const STOPPED = 'stopped';
const NOBODY = -1;
const ALL_ASLEEP = -2;
