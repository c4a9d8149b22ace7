/**
 * Allocation and freeing, and what may not be freed.
 *
 * An allocation takes the next unused object of the pool of this thread and instruction, so it commutes with everything; a freed
 * object is never used again and stays poisoned. Freeing conflicts with every access of the object. Freeing memory that contains
 * a held lock or a waiter is `lock-lifetime` (debug_check_no_locks_freed() in kernel/locking/lockdep.c warns of the first),
 * unless its holders gave up the reference that kept it: then their next use is `use-after-put`;
 * freeing memory that contains a queued callback, work or timer is `use-after-free` (what CONFIG_DEBUG_OBJECTS reports).
 * At the end of an execution an allocated object that nobody can reach is `ref-leak` when it has a count, else `leak`.
 */
import { addressAt, alive, type EventKind, slot } from './event.ts';
import { FIRST_ADDRESS } from './layout.ts';
import { heldEntry } from './lock.ts';
import {
  CAUSE,
  ESCAPED,
  FP,
  FREED,
  HAS_PUT,
  LAST_ZERO,
  LIFE,
  LIVE,
  type Machine,
  OWNED,
  PRIVATE,
  SP,
  TASK_WORDS,
  UNALLOCATED,
} from './machine.ts';
import { M_NONE, M_WHOLE_WRITE } from './opcodes.ts';

export const alloc: EventKind = {
  foot(mc) {
    mc.foot[2] = M_NONE;
  },
  run(mc, t, at) {
    const { c } = mc;
    const a = mc.code[at + 2]!;
    const counter = mc.threadBase[t]! + mc.allocOffset + a;
    const n = mc.m[counter]!;
    if (n >= c.poolCount[t * c.allocs + a]!) return mc.overflow(t, 1);
    mc.put(counter, n + 1);
    const object = c.poolBase[t * c.allocs + a]! + n;
    mc.put(mc.ghost(object) + LIFE, LIVE);
    mc.put(mc.ghost(object) + PRIVATE, t + 1);
    mc.setRegister(t, mc.code[at + 1]!, mc.base[object]!);
  },
};

export const free: EventKind = {
  foot(mc, t, at) {
    slot(mc, 0, mc.value(t, mc.code[at + 1]!), M_WHOLE_WRITE);
  },
  run(mc, t, at) {
    release(mc, t, mc.value(t, mc.code[at + 1]!));
  },
};

/** Frees the object at `address`; NULL and error pointers are let pass, as kernel allocators do. */
export function release(mc: Machine, t: number, address: number): void {
  const object = mc.objectOf(address);
  mc.result = address;
  if (object < 0) return;
  const ghost = mc.ghost(object);
  if (mc.m[ghost + LIFE] !== LIVE && mc.violate(t, 'double-free', object)) return;
  for (const cell of mc.c.memory.objects[object]!.type.cells) {
    const value = mc.m[mc.base[object]! + cell.offset]!;
    if (value === 0) continue;
    if (cell.kind === 'lock' || cell.kind === 'queue') {
      if (cell.kind === 'lock' && heldTooLong(mc, t, mc.base[object]! + cell.offset)) continue;
      if (mc.violate(t, 'lock-lifetime', object)) return;
    } else if (cell.kind === 'callback' || cell.kind === 'work' || cell.kind === 'timer') {
      const lastWritten = cell.tag < 0 || mc.m[mc.base[object]! + cell.tag] === cell.member;
      if (lastWritten && mc.violate(t, 'use-after-free', object)) return;
    }
  }
  if (inUse(mc, t, object) && mc.violate(t, 'missing-grace-period', object)) return;
  mc.put(ghost + LIFE, FREED);
  mc.put(ghost + CAUSE, mc.m[mc.threadBase[t]! + LAST_ZERO]!);
}

/**
 * Whether everybody who holds this lock has given up the very reference whose end now frees it: it is their next use that is
 * wrong (`use-after-put`), not the freeing.
 */
function heldTooLong(mc: Machine, t: number, address: number): boolean {
  const cause = mc.m[mc.threadBase[t]! + LAST_ZERO]! - 1;
  if (cause < 0 || !mc.c.usesRefs) return false;
  for (let other = 0; other < mc.threads; other++) {
    if (heldEntry(mc, other, address, 0) < 0 && heldEntry(mc, other, address, 1) < 0) continue;
    const word = mc.m[mc.ledger(cause, other)]!;
    if ((word & HAS_PUT) === 0 || (word & OWNED) !== 0) return false;
  }
  return true;
}

/** Whether a reader inside a read section has the object in a register. */
function inUse(mc: Machine, t: number, object: number): boolean {
  for (let other = 0; other < mc.threads; other++) {
    const tb = mc.threadBase[other]!;
    let inside = false;
    for (let d = 0; d < mc.c.domains.length; d++) inside ||= mc.m[tb + mc.nestOffset + d]! > 0;
    if (other === t || !inside) continue;
    for (let i = mc.m[tb + FP]!; i < mc.m[tb + SP]!; i++) if (mc.objectOf(mc.m[i]!) === object) return true;
  }
  return false;
}

/** Objects that are still live at the end although nothing leads to them: the first of them, or -1. */
export function findLeak(mc: Machine): number {
  const { objects } = mc.c.memory;
  const reached = new Uint8Array(objects.length);
  const stack: number[] = [];
  const reach = (o: number) => {
    if (o >= 0 && reached[o] === 0) {
      reached[o] = 1;
      stack.push(o);
    }
  };
  objects.forEach((o, i) => {
    if (o.declared || mc.m[mc.ghost(i) + ESCAPED] !== 0) reach(i);
  });
  for (let i = mc.taskBase; i < mc.cpuBase; i += TASK_WORDS) {
    for (let k = 2; k < TASK_WORDS; k++) reach(mc.objectOf(mc.m[i + k]!));
  }
  for (let o = stack.pop(); o !== undefined; o = stack.pop()) {
    if (mc.m[mc.ghost(o) + LIFE] !== LIVE) continue;
    for (let i = 0; i < mc.size[o]!; i++) {
      const value = mc.m[mc.base[o]! + i]!;
      if (value >= FIRST_ADDRESS) reach(mc.objectOf(value));
    }
  }
  return objects.findIndex((_, i) => mc.m[mc.ghost(i) + LIFE] === LIVE && reached[i] === 0);
}

export { addressAt, alive, UNALLOCATED };
