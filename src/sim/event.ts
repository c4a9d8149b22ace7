/**
 * What every kind of event has, and the helpers that the primitives share: places, liveness, footprints.
 *
 * An event kind says when it can happen (`enabled`), which locations it touches and how (`foot`, evaluated in the state just
 * before it happens; whether a trylock succeeds is known there), and what it does (`run`). A thread whose event uses NULL or an
 * error pointer is stuck: such an execution is not considered, because none of the properties is about it. Memory at OPAQUE
 * is unknown memory, where everything is harmless.
 */
import { FIRST_ADDRESS } from './layout.ts';
import { CAUSE, FOOT, HAS_PUT, LAST_ZERO, LIFE, LIVE, type Machine, OWNED } from './machine.ts';
import { M_NONE } from './opcodes.ts';
import type { Hazard } from './program.ts';

export interface EventKind {
  enabled?(mc: Machine, t: number, at: number): boolean;
  foot(mc: Machine, t: number, at: number): void;
  run(mc: Machine, t: number, at: number): void;
}

export const OFFSET = 0xfff;

/** The address that a place operand names; 0 or less when there is nothing to touch. */
export function addressAt(mc: Machine, t: number, operand: number): number {
  const base = mc.value(t, mc.code[operand]!);
  return base < FIRST_ADDRESS || base >= mc.ghostBase ? 0 : base + (mc.code[operand + 1]! & OFFSET);
}

/** As `addressAt`, for use: a thread that uses NULL or an error pointer is stuck (-1). */
export function placeAt(mc: Machine, t: number, operand: number): number {
  const base = mc.value(t, mc.code[operand]!);
  if (base >= FIRST_ADDRESS && base < mc.ghostBase) return base + (mc.code[operand + 1]! & OFFSET);
  if (base > 0 && base < FIRST_ADDRESS) return 0;
  mc.stick(t);
  return -1;
}

export function slot(mc: Machine, k: number, address: number, mode: number): void {
  const object = mc.objectOf(address);
  const f = mc.foot;
  f[3 * k] = object;
  f[3 * k + 1] = address;
  f[3 * k + 2] = object < 0 ? M_NONE : mode;
}

/** A location that is not memory: an RCU domain, a CPU, a queue of task work. */
export function pseudo(mc: Machine, k: number, object: number, mode: number): void {
  const f = mc.foot;
  f[3 * k] = object;
  f[3 * k + 1] = -1 - object;
  f[3 * k + 2] = mode;
}

export function domainObject(mc: Machine, domain: number): number {
  return mc.base.length + domain;
}

export function cpuObject(mc: Machine, t: number): number {
  return mc.base.length + mc.c.domains.length + mc.cpuOf[t]!;
}

export function clearFoot(mc: Machine): void {
  const f = mc.foot;
  for (let i = 0; i < FOOT; i++) f[i] = 0;
  f[0] = -1;
  f[3] = -1;
  f[6] = -1;
}

/**
 * Checks that the object at `address` exists; false when the thread was stopped. An access to memory that went away
 * because of a reference that this very thread has put is `use-after-put`.
 */
export function alive(mc: Machine, t: number, address: number, hazard: Hazard = 'use-after-free'): boolean {
  const object = mc.objectOf(address);
  if (object < 0) return true;
  const ghost = mc.ghost(object);
  if (mc.m[ghost + LIFE] === LIVE) return true;
  const late = hazard === 'use-after-free' && hasPut(mc, t, object) && mc.violate(t, 'use-after-put', object);
  return !(late || mc.violate(t, hazard, object));
}

function hasPut(mc: Machine, t: number, object: number): boolean {
  if (!mc.c.usesRefs) return false;
  const cause = mc.m[mc.ghost(object) + CAUSE]! - 1;
  const put = (o: number) => {
    const word = mc.m[mc.ledger(o, t)]!;
    return (word & HAS_PUT) !== 0 && (word & OWNED) === 0;
  };
  return put(object) || (cause >= 0 && put(cause));
}

/** Remembers that `t` took the count of `object` to zero: what it frees from now on goes away because of that. */
export function reachedZero(mc: Machine, t: number, object: number): void {
  mc.put(mc.threadBase[t]! + LAST_ZERO, object + 1);
}
