/**
 * Wait queues and completions.
 *
 * `wait` is wait_event(): it queues itself and tests the condition in one event, sleeps when that is false, and tests again each time it is
 * woken (include/linux/wait.h, ___wait_event()). Queueing before testing makes the two equivalent to one step. `wake` wakes
 * everybody who sleeps there. A thread that sleeps at the end although its condition holds has lost its wake-up
 * (`lost-wakeup`); one whose condition is false is in a `deadlock`. The queue's word counts the sleepers, so that freeing it under
 * them is noticed. A completion counts; `all` makes it stay done (kernel/sched/completion.c). Exclusive waiters, timeouts and
 * signals are not modelled.
 */
import { maySleep } from './context.ts';
import { addressAt, alive, type EventKind, placeAt, slot } from './event.ts';
import { F_OLD, F_OP, type Machine, READY, STAGE, WOKEN } from './machine.ts';
import { M_READ, M_WRITE, WAIT, WAIT_COMPLETION, WAKE, WIDTH } from './opcodes.ts';

const SLEEPING = 2;

export const wait: EventKind = {
  enabled(mc, t) {
    const tb = mc.threadBase[t]!;
    return mc.m[tb + STAGE] !== SLEEPING || mc.m[tb + WOKEN] === 1;
  },
  foot(mc, t, at) {
    slot(mc, 0, addressAt(mc, t, at + 1), M_WRITE);
    slot(mc, 1, addressAt(mc, t, at + 3), M_READ);
    if (mc.m[mc.threadBase[t]! + STAGE] === SLEEPING) mc.foot[F_OP] = WAIT;
  },
  run(mc, t, at) {
    const tb = mc.threadBase[t]!;
    const queue = placeAt(mc, t, at + 1);
    const until = placeAt(mc, t, at + 3);
    if (queue < 0 || until < 0 || !maySleep(mc, t)) return;
    if (!alive(mc, t, queue) || !alive(mc, t, until)) return;
    const sleeping = mc.m[tb + STAGE] === SLEEPING;
    mc.put(tb + WOKEN, 0);
    const holds = conditionHolds(mc, t, at);
    mc.result = holds ? 1 : 0;
    if (queue > 0 && holds === sleeping) mc.put(queue, mc.m[queue]! + (holds ? -1 : 1));
    mc.put(tb + STAGE, holds ? 0 : SLEEPING);
    mc.stay = !holds;
  },
};

export function conditionHolds(mc: Machine, t: number, at: number): boolean {
  const until = addressAt(mc, t, at + 3);
  return (until > 0 ? mc.m[until]! : 0) === mc.value(t, mc.code[at + 5]!);
}

/** Whether `t` sleeps in a wait. */
export function asleep(mc: Machine, t: number): boolean {
  const tb = mc.threadBase[t]!;
  return mc.m[tb] === READY && mc.m[tb + STAGE] === SLEEPING && mc.code[mc.m[tb + 1]!] === WAIT;
}

export const wake: EventKind = {
  foot(mc, t, at) {
    const queue = addressAt(mc, t, at + 1);
    slot(mc, 0, queue, M_WRITE);
    mc.foot[F_OP] = WAKE;
    mc.foot[F_OLD] = sleepers(mc, queue, (_) => {});
  },
  run(mc, t, at) {
    const queue = placeAt(mc, t, at + 1);
    if (queue < 0 || !alive(mc, t, queue)) return;
    sleepers(mc, queue, (other) => mc.put(mc.threadBase[other]! + WOKEN, 1));
  },
};

/** A mask of the threads that sleep at a queue and have not been woken yet. */
function sleepers(mc: Machine, queue: number, each: (t: number) => void): number {
  let mask = 0;
  for (let t = 0; t < mc.threads; t++) {
    if (!asleep(mc, t) || mc.m[mc.threadBase[t]! + WOKEN] === 1) continue;
    if (addressAt(mc, t, mc.m[mc.threadBase[t]! + 1]! + 1) !== queue) continue;
    mask |= 1 << (t % 31);
    each(t);
  }
  return mask;
}

const ALL = 1 << 20;

export const complete: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    slot(mc, 0, address, M_WRITE);
    mc.foot[F_OLD] = address > 0 ? mc.m[address]! : 0;
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !alive(mc, t, address) || address === 0) return;
    if (mc.m[address]! < ALL) mc.put(address, mc.code[at + 3] === 1 ? ALL : mc.m[address]! + 1);
  },
};

export const waitCompletion: EventKind = {
  enabled(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    return address <= 0 || mc.m[address]! > 0 || mc.m[mc.ghost(mc.objectOf(address))] !== 1;
  },
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    slot(mc, 0, address, M_WRITE);
    mc.foot[F_OP] = WAIT_COMPLETION;
    mc.foot[F_OLD] = address > 0 ? mc.m[address]! : 0;
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !maySleep(mc, t) || !alive(mc, t, address) || address === 0) return;
    if (mc.m[address]! < ALL) mc.put(address, mc.m[address]! - 1);
  },
};

export const STEP = WIDTH;
