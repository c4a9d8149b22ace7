/**
 * Which events conflict: the dependence relation of the partial-order reduction.
 *
 * Two events of different threads are independent when, in every state where both can happen, their order changes neither the
 * state nor what the properties see. `CONFLICTS` says so for two modes at one location; a mode of the whole object (copying, freeing)
 * meets every location of that object. The modes make it conditional: a cmpxchg, trylock or tryget that fails only reads, and a
 * put that leaves something commutes with others of its kind. Each primitive's file says why its modes are sound. Leaving a read section
 * and ending a callback are ordered before what waits for them by `execution.ts`, not by a conflict.
 */
import { FOOT } from './machine.ts';
import * as O from './opcodes.ts';

export const CONFLICTS = new Uint8Array(O.MODES * O.MODES);

const MEMORY = [O.M_READ, O.M_WRITE, O.M_ADD, O.M_DEC, O.M_LAST, O.M_MOVE];
const LOCKS = [O.M_LOCK, O.M_LOCK_SHARED, O.M_UNLOCK, O.M_UNLOCK_SHARED, O.M_LOCK_SEEN];

function conflict(a: number, ...others: number[]): void {
  for (const b of others) {
    CONFLICTS[a * O.MODES + b] = 1;
    CONFLICTS[b * O.MODES + a] = 1;
  }
}

// Cells: a write conflicts with everything, additions with all but additions.
conflict(O.M_WRITE, ...MEMORY, ...LOCKS);
conflict(O.M_READ, O.M_ADD, O.M_DEC, O.M_LAST);
conflict(O.M_ADD, O.M_DEC, O.M_LAST);
conflict(O.M_LAST, O.M_DEC, O.M_LAST);
conflict(O.M_MOVE, O.M_DEC, O.M_LAST);
// Locks: an exclusive step conflicts with every other; readers commute with each other, entering and leaving.
conflict(O.M_LOCK, ...LOCKS);
conflict(O.M_UNLOCK, ...LOCKS);
conflict(O.M_LOCK_SEEN, O.M_LOCK_SHARED, O.M_UNLOCK_SHARED);
conflict(O.M_READ, O.M_LOCK, O.M_LOCK_SHARED, O.M_UNLOCK, O.M_UNLOCK_SHARED);
// RCU: who was inside when the grace period began, which callbacks were queued when the barrier began.
conflict(O.M_ENTER, O.M_GRACE_BEGIN, O.M_QUEUE_CALLBACK);
conflict(O.M_BARRIER_BEGIN, O.M_QUEUE_CALLBACK);
// A handler takes the CPU from the tasks there, and from the other handlers.
conflict(O.M_CPU_IRQ, O.M_CPU_TASK, O.M_CPU_IRQ, O.M_CPU_IRET);
conflict(O.M_CPU_IRET, O.M_CPU_TASK, O.M_CPU_IRET);
// Whole objects: freeing and overwriting meet everything, reading a whole object meets what writes.
conflict(O.M_WHOLE_WRITE, ...MEMORY, ...LOCKS, O.M_TOUCH, O.M_WHOLE_READ, O.M_WHOLE_WRITE);
conflict(
  O.M_WHOLE_READ,
  O.M_WRITE,
  O.M_ADD,
  O.M_DEC,
  O.M_LAST,
  O.M_LOCK,
  O.M_LOCK_SHARED,
  O.M_UNLOCK,
  O.M_UNLOCK_SHARED,
);

/** Whether the footprints at `i` of `a` and at `j` of `b` conflict. */
export function conflicts(a: Int32Array, i: number, b: Int32Array, j: number): boolean {
  const object = a[i]!;
  if (object >= 0 && meets(object, a[i + 1]!, a[i + 2]!, b, j)) return true;
  if (a[i + 3]! >= 0 && meets(a[i + 3]!, a[i + 4]!, a[i + 5]!, b, j)) return true;
  return a[i + 6]! >= 0 && meets(a[i + 6]!, a[i + 7]!, a[i + 8]!, b, j);
}

function meets(object: number, address: number, mode: number, b: Int32Array, j: number): boolean {
  for (let k = j; k < j + 9; k += 3) {
    if (b[k] !== object) continue;
    const other = b[k + 2]!;
    if (CONFLICTS[mode * O.MODES + other] === 0) continue;
    if (b[k + 1] === address || whole(mode) || whole(other)) return true;
  }
  return false;
}

function whole(mode: number): boolean {
  return mode === O.M_WHOLE_READ || mode === O.M_WHOLE_WRITE;
}

export const FOOT_WORDS = FOOT;
