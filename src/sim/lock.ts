/**
 * Locks with an owner: spin, raw-spin, rwlock, mutex, rwsem, bit and seqlock; exclusive or shared.
 *
 * A lock that is taken is a disabled event, not a loop. One word holds `(owner + 1) << 8 | readers`; the thread keeps the list of what
 * it holds. Unlocking is two steps for mutex and rwsem: the first lets the next owner in, the second still touches the lock
 * (`__mutex_unlock_slowpath()` takes wait_lock after the owner is cleared, kernel/locking/mutex.c; `__up_read()` and `__up_write()` call
 * rwsem_wake() after the count is released, kernel/locking/rwsem.c; both say so in Documentation/locking/mutex-design.rst and
 * in the threads about freeing locks). Spin, rwlock, bit and seqlock end with one store (queued_spin_unlock()) and do not.
 * `trylock` never waits. rwsem and rwlock readers commute; see `dependence.ts`. Lock kinds that sleep are checked for
 * `sleep-in-atomic`. Fairness, handoff and optimistic spinning are not modelled: any waiter may be next.
 */
import { flavour, isHalted, maySleep } from './context.ts';
import { addressAt, alive, type EventKind, placeAt, slot } from './event.ts';
import {
  F_AUX,
  F_DELTA,
  F_OLD,
  F_OP,
  F_PARAM,
  HELD,
  HELD_WORDS,
  MAX_HELD,
  type Machine,
  PREEMPT,
  STAGE,
} from './machine.ts';
import * as O from './opcodes.ts';

/** By index in LOCK_KINDS: mutex and rwsem sleep, and their unlock touches the lock after letting it go. */
const SLEEPS = [0, 0, 0, 1, 1, 0, 0];
const TWO_STEPS = [0, 0, 0, 1, 1, 0, 0];

export const SHARED_ONE = 1;
export const exclusiveOne = (t: number) => (t + 1) << 8;

function free(word: number, shared: number): boolean {
  return shared === 1 ? word < 256 : word === 0;
}

function footLock(
  mc: Machine,
  address: number,
  mode: number,
  op: number,
  delta: number,
  shared: number,
): void {
  slot(mc, 0, address, mode);
  mc.foot[F_OP] = op;
  mc.foot[F_OLD] = address > 0 ? mc.m[address]! : 0;
  mc.foot[F_DELTA] = delta;
  mc.foot[F_AUX] = shared;
}

/** Whether the thread has what it gives up or changes: if not, the word stays as it is. */
function effective(mc: Machine, held: boolean): void {
  mc.foot[F_PARAM] = held ? 1 : 0;
  if (!held) mc.foot[F_DELTA] = 0;
}

export const lock: EventKind = {
  enabled(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    if (address <= 0 || mc.m[mc.ghost(mc.objectOf(address))] !== 1) return true;
    return free(mc.m[address]!, mc.code[at + 3]!) || holds(mc, t, address, mc.code[at + 3]!);
  },
  foot(mc, t, at) {
    const shared = mc.code[at + 3]!;
    const delta = shared ? SHARED_ONE : exclusiveOne(t);
    // Taking what one holds already goes wrong whatever the others do.
    if (holds(mc, t, addressAt(mc, t, at + 1), shared))
      return slot(mc, 0, addressAt(mc, t, at + 1), O.M_TOUCH);
    footLock(mc, addressAt(mc, t, at + 1), shared ? O.M_LOCK_SHARED : O.M_LOCK, O.LOCK, delta, shared);
  },
  run(mc, t, at) {
    const { code } = mc;
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || (SLEEPS[code[at + 4]!] && !maySleep(mc, t))) return;
    if (!alive(mc, t, address, 'lock-lifetime') || address === 0) return;
    if (holds(mc, t, address, code[at + 3]!)) {
      mc.violate(t, 'double-lock', mc.objectOf(address));
      return;
    }
    acquire(mc, t, address, code[at + 3]!, code[at + 4]!, code[at + 5]!);
  },
};

export const trylock: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    const shared = mc.code[at + 3]!;
    const hit = address <= 0 || free(mc.m[address]!, shared);
    const delta = hit ? (shared ? SHARED_ONE : exclusiveOne(t)) : 0;
    footLock(
      mc,
      address,
      hit ? (shared ? O.M_LOCK_SHARED : O.M_LOCK) : O.M_LOCK_SEEN,
      O.TRYLOCK,
      delta,
      shared,
    );
  },
  run(mc, t, at) {
    const { code } = mc;
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !alive(mc, t, address, 'lock-lifetime')) return;
    const hit = address === 0 || free(mc.m[address]!, code[at + 3]!);
    if (hit && address > 0) acquire(mc, t, address, code[at + 3]!, code[at + 4]!, code[at + 5]!);
    mc.setRegister(t, code[at + 6]!, hit ? 1 : 0);
  },
};

export const unlock: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    const shared = mc.code[at + 3]!;
    if (mc.m[mc.threadBase[t]! + STAGE] === 1) return slot(mc, 0, address, O.M_TOUCH);
    const delta = shared ? -SHARED_ONE : -exclusiveOne(t);
    footLock(mc, address, shared ? O.M_UNLOCK_SHARED : O.M_UNLOCK, O.UNLOCK, delta, shared);
    effective(mc, heldEntry(mc, t, address, shared) >= 0);
  },
  run(mc, t, at) {
    const { code } = mc;
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !alive(mc, t, address, 'lock-lifetime') || address === 0) return;
    const stage = mc.threadBase[t]! + STAGE;
    if (mc.m[stage] === 1) return mc.put(stage, 0);
    const kind = code[at + 4]!;
    const entry = heldEntry(mc, t, address, code[at + 3]!);
    if (entry < 0) {
      mc.violate(t, 'double-unlock', mc.objectOf(address));
      return;
    }
    letGoOf(mc, t, entry, address, code[at + 3]!);
    flavour(mc, t, code[at + 5]!, -1);
    if (TWO_STEPS[kind]) {
      mc.put(stage, 1);
      mc.stay = true;
    }
  },
};

/** Exclusive becomes shared in one step; waiting readers may enter. */
export const downgrade: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    footLock(mc, address, O.M_UNLOCK, O.DOWNGRADE, SHARED_ONE - exclusiveOne(t), 0);
    effective(mc, heldEntry(mc, t, address, 0) >= 0);
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !alive(mc, t, address, 'lock-lifetime') || address === 0) return;
    const entry = heldEntry(mc, t, address, 0);
    if (entry < 0) {
      mc.violate(t, 'missing-lock', mc.objectOf(address));
      return;
    }
    mc.put(entry + 1, mc.m[entry + 1]! | 1);
    mc.put(address, mc.m[address]! - exclusiveOne(t) + SHARED_ONE);
  },
};

/** Shared becomes exclusive when this is the only reader, else fails and keeps the shared lock. */
export const upgrade: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    const hit = address > 0 && mc.m[address] === SHARED_ONE;
    footLock(
      mc,
      address,
      hit ? O.M_LOCK : O.M_LOCK_SEEN,
      O.UPGRADE,
      hit ? exclusiveOne(t) - SHARED_ONE : 0,
      0,
    );
    effective(mc, hit && heldEntry(mc, t, address, 1) >= 0);
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !alive(mc, t, address, 'lock-lifetime')) return;
    const entry = heldEntry(mc, t, address, 1);
    if (entry < 0 && address > 0) {
      mc.violate(t, 'missing-lock', mc.objectOf(address));
      return;
    }
    const hit = address > 0 && mc.m[address] === SHARED_ONE;
    if (hit) {
      mc.put(entry + 1, mc.m[entry + 1]! & ~1);
      mc.put(address, exclusiveOne(t));
    }
    mc.setRegister(t, mc.code[at + 4]!, hit ? 1 : 0);
  },
};

/** Local: what the thread holds is its own list. */
export function assertHeld(mc: Machine, t: number, at: number): void {
  const address = addressAt(mc, t, at + 1);
  if (address <= 0) return;
  const held =
    heldEntry(mc, t, address, 0) >= 0 || (mc.code[at + 3] === 0 && heldEntry(mc, t, address, 1) >= 0);
  if (held === (mc.code[at + 4] === 1)) mc.violate(t, 'missing-lock', mc.objectOf(address));
}

function acquire(mc: Machine, t: number, address: number, shared: number, kind: number, irq: number): void {
  const count = mc.threadBase[t]! + HELD;
  const n = mc.m[count]!;
  if (n >= MAX_HELD) return mc.overflow(t, 5);
  const entry = mc.threadBase[t]! + mc.heldOffset + n * HELD_WORDS;
  mc.put(entry, address);
  mc.put(entry + 1, shared | (kind << 1) | (irq << 4));
  mc.put(count, n + 1);
  mc.put(address, mc.m[address]! + (shared ? SHARED_ONE : exclusiveOne(t)));
  flavour(mc, t, irq, 1);
}

function letGoOf(mc: Machine, t: number, entry: number, address: number, shared: number): void {
  const count = mc.threadBase[t]! + HELD;
  const last = mc.threadBase[t]! + mc.heldOffset + (mc.m[count]! - 1) * HELD_WORDS;
  for (let i = entry; i < last; i++) mc.put(i, mc.m[i + HELD_WORDS]!);
  mc.put(last, 0);
  mc.put(last + 1, 0);
  mc.put(count, mc.m[count]! - 1);
  mc.put(address, mc.m[address]! - (shared ? SHARED_ONE : exclusiveOne(t)));
}

/** The entry of a lock in the thread's list, or -1. */
export function heldEntry(mc: Machine, t: number, address: number, shared: number): number {
  const tb = mc.threadBase[t]!;
  for (let h = mc.m[tb + HELD]! - 1; h >= 0; h--) {
    const entry = tb + mc.heldOffset + h * HELD_WORDS;
    if (mc.m[entry] === address && (mc.m[entry + 1]! & 1) === shared) return entry;
  }
  return -1;
}

/** Whether taking the lock would wait for this very thread; a second reader may enter. */
function holds(mc: Machine, t: number, address: number, shared: number): boolean {
  return heldEntry(mc, t, address, 0) >= 0 || (shared === 0 && heldEntry(mc, t, address, 1) >= 0);
}

export { isHalted, PREEMPT };
