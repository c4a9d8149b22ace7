/**
 * RCU and SRCU: read sections, grace periods, callbacks and barriers, one domain each.
 *
 * A grace period waits for exactly the read sections that were open when it began (Documentation/RCU/Design/Requirements,
 * "Grace-Period Guarantee"): its mask of threads is taken when it begins, and leaving a section clears the thread from
 * every mask. It begins with synchronize or with the call that queues a callback, and ends as an event of the waiting
 * thread, or of the lane that runs the callback in softirq context. Nested sections count once. A barrier waits for the
 * callbacks that were queued when it began (rcu_barrier(), kernel/rcu/tree.c).
 * Dependence: entering a section conflicts with the beginning of a grace period (who was there?); leaving conflicts
 * with nothing but is waited for, so it happens before the end. When no program part waits for a domain its sections are
 * local. Expedited and polled grace periods are plain ones; quiescent states other than leaving a section are not modelled.
 */
import { maySleep } from './context.ts';
import { spawn } from './deferred.ts';
import { addressAt, alive, domainObject, type EventKind, pseudo, slot } from './event.ts';
import { enter } from './frame.ts';
import { release } from './lifetime.ts';
import {
  DONE,
  LANE_ARG,
  LANE_AT,
  LANE_DOMAIN,
  LANE_ROUTINE,
  type Machine,
  STAGE,
  UNBORN,
} from './machine.ts';
import { writeMember } from './memory.ts';
import * as O from './opcodes.ts';

export const rcuEnter: EventKind = {
  foot(mc, t, at) {
    const nest = mc.threadBase[t]! + mc.nestOffset + mc.code[at + 1]!;
    if (mc.m[nest] === 0) pseudo(mc, 0, domainObject(mc, mc.code[at + 1]!), O.M_ENTER);
  },
  run(mc, t, at) {
    changeNest(mc, t, mc.code[at + 1]!, 1);
  },
};

export const rcuExit: EventKind = {
  foot(mc, t, at) {
    const nest = mc.threadBase[t]! + mc.nestOffset + mc.code[at + 1]!;
    if (mc.m[nest] === 1) pseudo(mc, 0, domainObject(mc, mc.code[at + 1]!), O.M_EXIT);
  },
  run(mc, t, at) {
    changeNest(mc, t, mc.code[at + 1]!, -1);
  },
};

/** Also the local form of both, for domains that nobody waits for. */
export function changeNest(mc: Machine, t: number, domain: number, change: number): void {
  const nest = mc.threadBase[t]! + mc.nestOffset + domain;
  if (change < 0 && mc.m[nest] === 0) {
    mc.violate(t, 'double-unlock');
    return;
  }
  mc.put(nest, mc.m[nest]! + change);
  if (mc.m[nest] !== 0 || change > 0) return;
  for (let other = 0; other < mc.threads; other++) {
    if (mc.m[mc.threadBase[other]! + DOMAIN] !== domain + 1) continue;
    const word = mc.threadBase[other]! + mc.maskOffset + Math.floor(t / 31);
    mc.put(word, mc.m[word]! & ~(1 << (t % 31)));
  }
}

/** The stage word of a waiting thread says for which domain; lanes wait before they do anything else. */
const DOMAIN = STAGE;

/** Grace period for `waiter` begins now: it waits for the readers that are inside. */
export function beginGrace(mc: Machine, waiter: number, domain: number): void {
  const tb = mc.threadBase[waiter]!;
  mc.put(tb + DOMAIN, domain + 1);
  mc.put(tb + LANE_DOMAIN, domain);
  for (let t = 0; t < mc.threads; t++) {
    if (t === waiter || mc.m[mc.threadBase[t]! + mc.nestOffset + domain] === 0) continue;
    const word = tb + mc.maskOffset + Math.floor(t / 31);
    mc.put(word, mc.m[word]! | (1 << (t % 31)));
  }
}

function maskEmpty(mc: Machine, t: number): boolean {
  const from = mc.threadBase[t]! + mc.maskOffset;
  for (let w = 0; w < mc.maskWords; w++) if (mc.m[from + w] !== 0) return false;
  return true;
}

export const rcuSync: EventKind = {
  enabled(mc, t) {
    return mc.m[mc.threadBase[t]! + DOMAIN] === 0 || maskEmpty(mc, t);
  },
  foot(mc, t, at) {
    const waiting = mc.m[mc.threadBase[t]! + DOMAIN] !== 0;
    pseudo(mc, 0, domainObject(mc, mc.code[at + 1]!), waiting ? O.M_GRACE_END : O.M_GRACE_BEGIN);
  },
  run(mc, t, at) {
    const domain = mc.code[at + 1]!;
    const tb = mc.threadBase[t]!;
    if (mc.m[tb + DOMAIN] !== 0) return mc.put(tb + DOMAIN, 0);
    if (!maySleep(mc, t)) return;
    if (mc.m[tb + mc.nestOffset + domain] !== 0 && mc.violate(t, 'deadlock')) return;
    beginGrace(mc, t, domain);
    mc.stay = true;
  },
};

export const rcuCall: EventKind = {
  foot(mc, t, at) {
    pseudo(mc, 0, domainObject(mc, mc.code[at + 5]!), O.M_QUEUE_CALLBACK);
    const head = mc.code[at + 3] === 0 ? 0 : addressAt(mc, t, at + 3);
    if (head > 0) slot(mc, 1, head, O.M_WRITE);
  },
  run(mc, t, at) {
    const { code } = mc;
    const arg = mc.value(t, code[at + 2]!);
    mc.result = arg;
    const head = code[at + 3] === 0 ? 0 : addressAt(mc, t, at + 3);
    if (head > 0) {
      if (!alive(mc, t, head)) return;
      if (mc.m[head] === 1 && mc.violate(t, 'double-free', mc.objectOf(head))) return;
      writeMember(mc, head, code[at + 4]!);
      mc.put(head, 1);
    }
    const lane = spawn(mc, t, code[at + 6]!, code[at + 1]!, arg);
    if (lane < 0) return;
    mc.put(mc.threadBase[lane]! + LANE_AT, head);
    beginGrace(mc, lane, code[at + 5]!);
  },
};

/** The callback is taken off its queue: its head is no longer in use. */
export const graceEnd: EventKind = {
  enabled: (mc, t) => maskEmpty(mc, t),
  foot(mc, t) {
    pseudo(mc, 0, domainObject(mc, mc.m[mc.threadBase[t]! + DOMAIN]! - 1), O.M_GRACE_END);
    const head = mc.c.threads[t]!.kind === 'callback' ? mc.m[mc.threadBase[t]! + LANE_AT]! : 0;
    if (head > 0) slot(mc, 1, head, O.M_WRITE);
  },
  run(mc, t) {
    const tb = mc.threadBase[t]!;
    const head = mc.c.threads[t]!.kind === 'callback' ? mc.m[tb + LANE_AT]! : 0;
    if (head > 0) {
      if (!alive(mc, t, head)) return;
      mc.put(head, 0);
    }
    mc.put(tb + DOMAIN, 0);
  },
};

/** Runs the lane's routine; '' stands for freeing the argument. */
export const laneBody: EventKind = {
  foot(mc, t) {
    if (mc.m[mc.threadBase[t]! + LANE_ROUTINE]! < 0)
      slot(mc, 0, mc.m[mc.threadBase[t]! + LANE_ARG]!, O.M_WHOLE_WRITE);
  },
  run(mc, t) {
    const tb = mc.threadBase[t]!;
    const routine = mc.m[tb + LANE_ROUTINE]!;
    if (routine < 0) release(mc, t, mc.m[tb + LANE_ARG]!);
    else enter(mc, t, routine, argsOf(mc, t), -1);
  },
};

function argsOf(mc: Machine, t: number): number[] {
  const info = mc.c.threads[t]!;
  return info.parent < 0 ? info.args.slice(1) : [mc.m[mc.threadBase[t]! + LANE_ARG]!];
}

export const laneDone: EventKind = {
  foot(mc, t) {
    pseudo(mc, 0, domainObject(mc, mc.m[mc.threadBase[t]! + LANE_DOMAIN]!), O.M_CALLBACK_DONE);
  },
  run() {},
};

export const rcuBarrier: EventKind = {
  enabled(mc, t) {
    if (mc.m[mc.threadBase[t]! + BARRIER] === 0) return true;
    for (let lane = mc.c.declared; lane < mc.threads; lane++) {
      if (awaited(mc, t, lane) && mc.statusOf(lane) !== DONE) return false;
    }
    return true;
  },
  foot(mc, t, at) {
    const waiting = mc.m[mc.threadBase[t]! + BARRIER] !== 0;
    pseudo(mc, 0, domainObject(mc, mc.code[at + 1]!), waiting ? O.M_BARRIER_END : O.M_BARRIER_BEGIN);
  },
  run(mc, t, at) {
    const tb = mc.threadBase[t]!;
    if (mc.m[tb + BARRIER] !== 0) {
      mc.put(tb + BARRIER, 0);
      for (let w = 0; w < mc.maskWords; w++) mc.put(tb + mc.maskOffset + w, 0);
      return;
    }
    if (!maySleep(mc, t)) return;
    mc.put(tb + BARRIER, 1);
    for (let lane = mc.c.declared; lane < mc.threads; lane++) {
      const kind = mc.c.threads[lane]!.kind;
      if (kind !== 'callback' && kind !== 'switch') continue;
      const status = mc.statusOf(lane);
      if (status === UNBORN || status === DONE) continue;
      if (mc.m[mc.threadBase[lane]! + LANE_DOMAIN] !== mc.code[at + 1]) continue;
      const word = tb + mc.maskOffset + Math.floor(lane / 31);
      mc.put(word, mc.m[word]! | (1 << (lane % 31)));
    }
    mc.stay = true;
  },
};

/** Set while a barrier waits; the mask then names lanes. */
const BARRIER = 10;

function awaited(mc: Machine, t: number, lane: number): boolean {
  return (mc.m[mc.threadBase[t]! + mc.maskOffset + Math.floor(lane / 31)]! & (1 << (lane % 31))) !== 0;
}
