/**
 * Reference counts (refcount_t, atomic_t, kref) and who owns what.
 *
 * A count cell is the value and whether it was initialised. Beside it the core keeps a ledger: init, get and a successful tryget give
 * the thread one owned reference; put consumes one if the thread owns one, else one that memory holds (the pointer that
 * was published). What memory holds is the count less everything that threads own; a put that finds nothing there is
 * `double-put`, even when somebody else's reference keeps the count above zero for now. A get at zero is `get-on-zero`:
 * refcount_t warns and saturates (lib/refcount.c, REFCOUNT_ADD_UAF), atomic_t silently resurrects. At the top refcount_t saturates:
 * it is set to REFCOUNT_SATURATED and stays there, gets succeed, no put is the last one and the object leaks (include/linux/refcount.h,
 * "Saturation semantics"); atomic_t wraps around and comes to zero too early. Programs with a count that begins near the top say so
 * (`Compiled.high`), and only there gets and puts do not commute. `own` and `disown` are references counted by code that is not shown: they are only balanced.
 * Dependence: gets commute, and so do puts as long as what is left stays above zero for both (who is last matters, the order of
 * the others does not); a tryget at zero is a read.
 */
import { addressAt, alive, type EventKind, placeAt, reachedZero, slot } from './event.ts';
import {
  F_AUX,
  F_DELTA,
  F_OLD,
  F_OP,
  F_PARAM,
  HAS_PUT,
  type Machine,
  OWNED,
  TRY_FAILED,
  UNSEEN,
  UNSEEN_ONE,
} from './machine.ts';
import { M_ADD, M_DEC, M_LAST, M_READ, M_WRITE, REF_PUT, REF_TRYGET } from './opcodes.ts';

export const refInit: EventKind = {
  foot(mc, t, at) {
    slot(mc, 0, addressAt(mc, t, at + 1), M_WRITE);
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !alive(mc, t, address) || address === 0) return;
    mc.put(address, mc.code[at + 3]!);
    mc.put(address + 1, 1);
    if (mc.code[at + 3]! > 0) gain(mc, t, address);
    mc.result = mc.code[at + 3]!;
  },
};

export const refGet: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    const usable = address > 0 && mc.m[address]! > 0 && !mc.high;
    slot(mc, 0, address, usable ? M_ADD : M_WRITE);
    mc.foot[F_OLD] = address > 0 ? mc.m[address]! : 0;
    mc.foot[F_DELTA] = 1;
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !usable(mc, t, address) || address === 0) return;
    if (isZero(mc, address) && mc.violate(t, 'get-on-zero', mc.objectOf(address))) return;
    change(mc, address, 1, mc.code[at + 3] === 1);
    gain(mc, t, address);
    mc.result = mc.m[address]!;
  },
};

export const refTryget: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    const hit = address > 0 && !isZero(mc, address);
    slot(mc, 0, address, hit ? (mc.high ? M_WRITE : M_ADD) : M_READ);
    mc.foot[F_OP] = REF_TRYGET;
    mc.foot[F_OLD] = address > 0 ? mc.m[address]! : 0;
    mc.foot[F_DELTA] = hit ? 1 : 0;
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !usable(mc, t, address)) return;
    const hit = address === 0 || !isZero(mc, address);
    if (hit && address > 0) {
      change(mc, address, 1, mc.code[at + 4] === 1);
      gain(mc, t, address);
    } else if (address > 0) flag(mc, t, address, TRY_FAILED);
    mc.setRegister(t, mc.code[at + 3]!, hit ? 1 : 0);
  },
};

export const refPut: EventKind = {
  foot(mc, t, at) {
    const address = addressAt(mc, t, at + 1);
    footPut(mc, t, address, address > 0 ? mc.m[address]! : PLENTY);
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !usable(mc, t, address)) return;
    if (address === 0) return mc.setRegister(t, mc.code[at + 3]!, 0);
    if (!lose(mc, t, address)) return;
    change(mc, address, -1, mc.code[at + 4] === 1);
    const zero = mc.m[address] === 0;
    if (zero) reachedZero(mc, t, mc.objectOf(address));
    mc.setRegister(t, mc.code[at + 3]!, zero ? 1 : 0);
  },
};

export const refRead: EventKind = {
  foot(mc, t, at) {
    slot(mc, 0, addressAt(mc, t, at + 1), M_READ);
  },
  run(mc, t, at) {
    const address = placeAt(mc, t, at + 1);
    if (address < 0 || !usable(mc, t, address)) return;
    mc.setRegister(t, mc.code[at + 3]!, address === 0 ? 1 : mc.m[address]!);
  },
};

/** The footprint of a put: `M_DEC` while something is left, for the count and for what memory holds. */
export function footPut(mc: Machine, t: number, address: number, count: number): void {
  const object = mc.objectOf(address);
  const owner = address <= 0 || mc.owned(object, t) > 0;
  const share = owner ? PLENTY : mc.m[address]! - ownedByAll(mc, object);
  slot(mc, 0, address, Math.min(count, share) > 1 ? M_DEC : M_LAST);
  mc.foot[F_OP] = REF_PUT;
  mc.foot[F_OLD] = count;
  mc.foot[F_DELTA] = -1;
  mc.foot[F_PARAM] = share;
  mc.foot[F_AUX] = owner ? 0 : -1;
  if (!mc.high) return;
  slot(mc, 0, address, M_WRITE);
  mc.foot[F_OP] = 0;
}

/** REFCOUNT_MAX and REFCOUNT_SATURATED. */
const MAX = 0x7fffffff;
const SATURATED = -0x40000000;

/** A get must not find this; below zero a count has saturated or wrapped, which no get can see. */
function isZero(mc: Machine, address: number): boolean {
  return mc.high ? mc.m[address] === 0 : mc.m[address]! <= 0;
}

/** Adds 1 or -1: refcount_t saturates at the top and stays there, atomic_t wraps. */
function change(mc: Machine, address: number, by: 1 | -1, saturates: boolean): void {
  const value = mc.m[address]!;
  const over = saturates && (value < 0 || (by > 0 && value === MAX));
  mc.put(address, over ? SATURATED : (value + by) | 0);
}

/** What memory holds does not limit a put by an owner, and in percpu mode nobody looks at the count. */
export const PLENTY = 1 << 20;

/** How many puts like this one the count, and for a thread that owns none memory's share of it, can take. */
export function left(mc: Machine, t: number, address: number): number {
  if (mc.m[address]! < 0) return PLENTY;
  const object = mc.objectOf(address);
  const count = mc.m[address]!;
  return mc.owned(object, t) > 0 ? count : Math.min(count, count - ownedByAll(mc, object));
}

export function ownedByAll(mc: Machine, object: number): number {
  let sum = 0;
  for (let t = 0; t < mc.allThreads; t++) sum += mc.owned(object, t);
  return sum;
}

/** The count exists and was initialised. */
export function usable(mc: Machine, t: number, address: number): boolean {
  if (!alive(mc, t, address)) return false;
  return address === 0 || mc.m[address + 1] !== 0 || !mc.violate(t, 'uninit-ref', mc.objectOf(address));
}

export function gain(mc: Machine, t: number, address: number): void {
  const at = mc.ledger(mc.objectOf(address), t);
  mc.put(at, ((mc.m[at]! + 1) & ~TRY_FAILED) | 0);
}

/** Takes the reference that a put consumes; false when there was none and the thread was stopped. */
export function lose(mc: Machine, t: number, address: number): boolean {
  const object = mc.objectOf(address);
  const at = mc.ledger(object, t);
  const word = mc.m[at]!;
  if (left(mc, t, address) <= 0) {
    const misuse = (word & TRY_FAILED) !== 0 && (word & OWNED) === 0;
    if (misuse && mc.violate(t, 'tryget-misuse', object)) return false;
    if (mc.violate(t, 'double-put', object)) return false;
  }
  mc.put(at, (word & OWNED ? word - 1 : word) | HAS_PUT);
  return true;
}

function flag(mc: Machine, t: number, address: number, bit: number): void {
  const at = mc.ledger(mc.objectOf(address), t);
  mc.put(at, mc.m[at]! | bit);
}

/** Local: `own` and `disown`. */
export function own(mc: Machine, t: number, value: number, change: 1 | -1): void {
  const object = mc.objectOf(value);
  if (object < 0) return;
  const at = mc.ledger(object, t);
  const word = mc.m[at]!;
  if (change < 0 && (word & UNSEEN) === 0) {
    mc.violate(t, 'double-put', object);
    return;
  }
  mc.put(at, word + change * UNSEEN_ONE);
}

/** The first object of which `t` still owns a reference, or -1. */
export function stillOwns(mc: Machine, t: number): number {
  if (!mc.c.usesRefs) return -1;
  for (let o = 0; o < mc.base.length; o++) if (mc.m[mc.ledger(o, t)]! & (OWNED | UNSEEN)) return o;
  return -1;
}
