/**
 * Explores only what at most k preemptions can reach (Musuvathi and Qadeer, PLDI 2007).
 *
 * A preemption is leaving a thread that could go on; leaving one that waits or has ended is free. Depth first over all choices,
 * cut where the same partial order was reached before with the same thread running and no more preemptions: two prefixes of one
 * Mazurkiewicz trace reach one state. Executions are counted once per trace; partial orders are compared by a 53-bit hash of their vector
 * clocks. `bounded` says whether the bound cut anything off; when it did not, the result is that of an unbounded run.
 */

import type { Counts, Exploration, Visitor } from './dpor.ts';
import { Execution } from './execution.ts';
import { LIMITS, type Machine } from './machine.ts';
import { COMPLETE_RUN, DEADLOCKED_RUN, finish } from './outcome.ts';
import { choiceOf } from './search.ts';
import * as S from './step.ts';

const MAX_LENGTH = 5_000;
/** What an entry of a map or set of numbers takes, with room to grow. */
const ENTRY_BYTES = 48;

export function exploreBounded(
  mc: Machine,
  bound: number,
  visitor: Visitor,
): Exploration & { bounded: boolean } {
  const counts: Counts = { complete: 0, blocked: 0, deadlocked: 0, redundant: 0, steps: 0 };
  const ex = new Execution(mc);
  const seen = new Map<number, number>();
  const ends = new Set<number>();
  const number = new Int32Array(MAX_LENGTH + 1);
  let reason = LIMITS[mc.limit]!;
  let bounded = false;
  let wrong = 0;

  const bytes = () => mc.bytes() + ex.bytes() + ENTRY_BYTES * (seen.size + ends.size);

  const path = () => {
    const steps: number[] = [];
    for (let i = 0; i < ex.length; i++) steps.push(choiceOf(ex.thread[i]!, ex.choice[i]!));
    return steps;
  };

  /** A hash of the event and of how many events of each thread come before it. */
  const eventHash = (d: number): [number, number] => {
    let a = 0x811c9dc5 ^ ex.thread[d]!;
    let b = 0x9747b28c + ex.choice[d]!;
    for (let t = 0; t < ex.threads; t++) {
      const position = ex.clock[d * ex.threads + t]!;
      const n = position === 0 ? 0 : number[position - 1]! + 1;
      a = Math.imul(a ^ n ^ (t << 20), 0x01000193) ^ (a >>> 13);
      b = Math.imul(b + n + t, 0xcc9e2d51) ^ (b >>> 15);
    }
    return [a | 0, b | 0];
  };

  const end = (key: number) => {
    const outcome = finish(mc);
    if (!ends.has(key)) {
      ends.add(key);
      if (outcome === COMPLETE_RUN) counts.complete++;
      else counts.blocked++;
      if (outcome === DEADLOCKED_RUN) counts.deadlocked++;
      visitor.end?.(outcome);
    }
    if (mc.violation >= 0 && wrong === 0 && visitor.violation(path)) reason = 'stopped';
  };

  const go = (last: number, used: number, a: number, b: number): void => {
    const key = (a >>> 0) * 2097152 + (b & 0x1fffff);
    const running = (Math.imul(last + 2, 0x9e3779b1) ^ a) >>> 0;
    const point = running * 2097152 + (b & 0x1fffff);
    const known = seen.get(point);
    if (known !== undefined && known <= used) return;
    seen.set(point, used);
    const goesOn = last >= 0 && S.enabled(mc, last);
    let any = false;
    for (let i = -1; i < mc.threads && reason === ''; i++) {
      const t = i < 0 ? last : i;
      if (t < 0 || (i >= 0 && i === last) || !S.enabled(mc, t)) continue;
      any = true;
      const cost = goesOn && t !== last ? 1 : 0;
      if (used + cost > bound) {
        bounded = true;
        continue;
      }
      for (let c = 0; c < S.alternatives(mc, t) && reason === ''; c++) {
        if (ex.length >= MAX_LENGTH) reason = `an execution is longer than ${MAX_LENGTH} steps`;
        if ((++counts.steps & 1023) === 0) reason ||= visitor.check(counts, bytes());
        if (reason !== '') return;
        const mark = mc.logged;
        S.footprint(mc, t);
        const po = ex.last[t]!;
        const d = ex.record(t, c);
        number[d] = po >= 0 && ex.thread[po] === t ? number[po]! + 1 : 0;
        S.step(mc, t, c);
        ex.started(d, mc.spawned);
        if (mc.limit !== 0) reason = LIMITS[mc.limit]!;
        const violates = mc.violation >= 0;
        if (violates && wrong === 0 && visitor.violation(path)) reason = 'stopped';
        if (violates) wrong++;
        const [x, y] = eventHash(d);
        if (reason === '') go(t, used + cost, (a + x) | 0, (b + y) | 0);
        if (violates) wrong--;
        ex.pop();
        mc.undo(mark);
      }
    }
    if (!any && reason === '') end(key);
  };
  if (reason === '') go(-1, 0, 0, 0);
  return { counts, reason, bounded };
}
