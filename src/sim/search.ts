/**
 * Finds the shortest schedule to a violation: fewest context switches first, then fewest steps.
 *
 * For 0, 1, 2 ... switches it walks depth first through the states, never twice through a state that was reached before
 * with no more switches and steps; the first number of switches with a schedule is the least one. A thread that takes part
 * costs a switch, so threads that do not matter are not in it. States are compared by a 53-bit hash. The search is bounded by a
 * number of steps, not by time, so that its answer does not depend on the machine; `undefined` means that it gave up, and the caller
 * shows the schedule that the explorer found.
 */

import { FP, type Machine, SP, STAGE } from './machine.ts';
import { finish } from './outcome.ts';
import { alternatives, enabled, step } from './step.ts';

/** A step of a schedule in one number: the thread, and which alternative an unknown took. */
export const choiceOf = (thread: number, alternative: number) => thread + alternative * 64;

export interface Found {
  choices: number[];
  switches: number;
}

interface Walk {
  mc: Machine;
  hazard: number;
  bound: number;
  seen: Map<number, number>;
  path: number[];
  best: number[] | undefined;
  left: number;
  cut: boolean;
}

const MAX_SWITCHES = 12;

export function shortest(
  mc: Machine,
  hazard: number,
  maxSteps: number,
  maxLength: number,
): Found | undefined {
  if (mc.violation === hazard) return { choices: [], switches: 0 };
  const walk: Walk = {
    mc,
    hazard,
    bound: 0,
    seen: new Map(),
    path: [],
    best: undefined,
    left: maxSteps,
    cut: true,
  };
  const mark = mc.logged;
  for (walk.bound = 0; walk.bound <= MAX_SWITCHES && walk.cut && walk.left > 0; walk.bound++) {
    walk.seen.clear();
    walk.cut = false;
    go(walk, -1, 0, maxLength);
    mc.undo(mark);
    if (walk.best) return { choices: walk.best, switches: walk.bound };
  }
  return undefined;
}

function go(walk: Walk, last: number, switches: number, maxLength: number): void {
  const { mc, path } = walk;
  if (walk.left <= 0 || path.length >= Math.min(maxLength, walk.best ? walk.best.length - 1 : maxLength))
    return;
  const key = hash(mc, last);
  const cost = switches * 65536 + path.length;
  const known = walk.seen.get(key);
  if (known !== undefined && known >> 16 <= switches && (known & 0xffff) <= path.length) return;
  walk.seen.set(key, cost);
  let any = false;
  for (let i = -1; i < mc.threads; i++) {
    const t = i < 0 ? last : i;
    if (t < 0 || (i >= 0 && i === last) || !enabled(mc, t)) continue;
    any = true;
    const cost = last >= 0 && t !== last ? 1 : 0;
    if (switches + cost > walk.bound) {
      walk.cut = true;
      continue;
    }
    const n = alternatives(mc, t);
    for (let a = 0; a < n; a++) {
      const mark = mc.logged;
      walk.left--;
      step(mc, t, a);
      path.push(choiceOf(t, a));
      if (mc.violation === walk.hazard) keep(walk);
      else if (mc.violation < 0 && mc.limit === 0) go(walk, t, switches + cost, maxLength);
      path.pop();
      mc.limit = 0;
      mc.undo(mark);
    }
  }
  if (!any) {
    finish(mc);
    if (mc.violation === walk.hazard) keep(walk);
  }
}

function keep(walk: Walk): void {
  if (!walk.best || walk.path.length < walk.best.length) walk.best = walk.path.slice();
}

/** A hash of everything that decides what can still happen, and of the thread that ran last. */
export function hash(mc: Machine, last: number): number {
  const { m } = mc;
  let a = 0x9e3779b9 ^ last;
  let b = 0x85ebca6b + last;
  const shared = mc.threadBase[0] ?? 0;
  for (let i = 16; i < shared; i++) {
    const w = m[i]!;
    if (w === 0) continue;
    a = Math.imul(a ^ w ^ (i << 16), 0x01000193) ^ (a >>> 15);
    b = (Math.imul(b + w, 0xcc9e2d51) ^ (b >>> 13)) + i;
  }
  for (let t = 0; t < mc.threads; t++) {
    const tb = mc.threadBase[t]!;
    for (let i = tb; i < m[tb + SP]!; i++) {
      const w = m[i]!;
      if (w === 0) continue;
      a = Math.imul(a ^ w ^ (i << 16), 0x01000193) ^ (a >>> 15);
      b = (Math.imul(b + w, 0xcc9e2d51) ^ (b >>> 13)) + i;
    }
  }
  return (a >>> 0) * 2097152 + (b & 0x1fffff);
}

export { FP, STAGE };
