/**
 * What an execution comes to when no event can happen any more: complete, blocked or deadlocked.
 *
 * Deadlocks, lost wake-ups and leaks are properties of the end; they are recorded as a violation of the thread that they are about, unless
 * something has already gone wrong. A thread that was stopped by an assumption makes the execution blocked, and nothing is said of it.
 */
import * as lifetime from './lifetime.ts';
import { HALTED, type Machine, PC, READY, STATUS, STUCK } from './machine.ts';
import * as O from './opcodes.ts';
import type { Hazard } from './program.ts';
import * as waiting from './wait.ts';

export const COMPLETE_RUN = 0;
export const BLOCKED_RUN = 1;
export const DEADLOCKED_RUN = 2;

/**
 * Judges an execution in which no event can happen: complete, blocked (an assumption failed or a thread was stopped), or
 * deadlocked. Properties of the end are recorded as a violation, unless something has already gone wrong.
 */
export function finish(mc: Machine): number {
  mc.violation = -1;
  let waits = -1;
  let stuck = false;
  let halted = false;
  for (let t = 0; t < mc.threads; t++) {
    const status = mc.statusOf(t);
    stuck ||= status === STUCK;
    halted ||= status === HALTED;
    if (status === READY && waits < 0) waits = t;
  }
  if (waits >= 0 && !halted && !stuck) {
    const [thread, hazard] = judgeWaits(mc, waits);
    atEnd(mc, thread, hazard);
    return DEADLOCKED_RUN;
  }
  if (stuck || waits >= 0) return BLOCKED_RUN;
  if (halted) return COMPLETE_RUN;
  const leaked = lifetime.findLeak(mc);
  if (leaked >= 0) {
    const allocator = Math.max(0, allocatorOf(mc, leaked));
    atEnd(mc, allocator, mc.refAt[leaked]! >= 0 ? 'ref-leak' : 'leak', leaked);
  }
  return COMPLETE_RUN;
}

function atEnd(mc: Machine, t: number, hazard: Hazard, object = -1): void {
  const status = mc.statusOf(t);
  mc.eventAt = mc.m[mc.threadBase[t]! + PC]!;
  mc.violate(t, hazard, object);
  mc.m[mc.threadBase[t]! + STATUS] = status;
}

/** Which hazard a set of waiting threads is: the most specific one, and of whom. */
function judgeWaits(mc: Machine, first: number): [number, Hazard] {
  let onlyLocks = true;
  for (let t = 0; t < mc.threads; t++) {
    if (mc.statusOf(t) !== READY) continue;
    const at = mc.m[mc.threadBase[t]! + PC]!;
    if (waiting.asleep(mc, t) && waiting.conditionHolds(mc, t, at)) return [t, 'lost-wakeup'];
    if (mc.handler[t] !== 0 && mc.code[at] === O.LOCK) return [t, 'irq-unsafe-lock'];
    if (mc.code[at] !== O.LOCK) onlyLocks = false;
  }
  return [first, onlyLocks ? 'lock-order' : 'deadlock'];
}

function allocatorOf(mc: Machine, object: number): number {
  const { c } = mc;
  for (let t = 0; t < c.threads.length; t++) {
    for (let a = 0; a < c.allocs; a++) {
      const base = c.poolBase[t * c.allocs + a]!;
      if (object >= base && object < base + c.poolCount[t * c.allocs + a]!)
        return Math.min(t, mc.threads - 1);
    }
  }
  return -1;
}
