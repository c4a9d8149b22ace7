/**
 * Contexts of a thread: interrupts, bottom halves, preemption and page faults switched off, and what may not happen then.
 *
 * `atomicBecause` says why a thread may not sleep, following might_sleep() and in_atomic_preempt_off() in
 * kernel/sched/core.c: interrupts or preemption are off, a spinning lock is held, an RCU read section is open (RCU only;
 * SRCU readers may sleep, Documentation/RCU/whatisRCU.rst), or the code runs in an interrupt, a bottom half, an RCU callback
 * or a timer. Switching page faults off does not forbid sleeping. Contexts belong to a thread and need no event of their own,
 * unless an interrupt shares its CPU (see `interrupts.ts`). A reader of rwlock and a bit spinlock count as spinning.
 */
import { BH, HALTED, HELD, HELD_WORDS, IRQ, type Machine, PREEMPT, STATUS } from './machine.ts';
import { WIDTH } from './opcodes.ts';

/** Kinds whose holders may not sleep, by index in LOCK_KINDS: spin, raw-spin, rwlock, bit, seqlock. */
const SPINNING = [1, 1, 1, 0, 0, 1, 1];

export function atomicBecause(mc: Machine, t: number): string {
  const { m, c } = mc;
  const tb = mc.threadBase[t]!;
  const kind = c.threads[t]!.kind;
  if (kind !== 'task' && kind !== 'work') return kind === 'switch' ? 'in an RCU callback' : `in a ${kind}`;
  if (m[tb + IRQ]! > 0) return 'with interrupts off';
  if (m[tb + BH]! > 0) return 'with bottom halves off';
  if (m[tb + PREEMPT]! > 0) return 'with preemption off';
  for (let h = 0; h < m[tb + HELD]!; h++) {
    const entry = tb + mc.heldOffset + h * HELD_WORDS;
    if (SPINNING[(m[entry + 1]! >> 1) & 7]) return `holding ${nameOf(mc, m[entry]!)}`;
  }
  const rcu = c.domains.indexOf('');
  if (rcu >= 0 && m[tb + mc.nestOffset + rcu]! > 0) return 'in an RCU read section';
  return '';
}

/** Checks that `t` may sleep here; false when that stopped it. */
export function maySleep(mc: Machine, t: number): boolean {
  if (t === mc.c.setup || atomicBecause(mc, t) === '') return true;
  return !mc.violate(t, 'sleep-in-atomic');
}

export function changeContext(mc: Machine, t: number, at: number): void {
  const word = mc.threadBase[t]! + IRQ + mc.code[at + 1]!;
  mc.put(word, Math.max(0, mc.m[word]! + mc.code[at + 2]!));
}

/** `object.cell` for an address, as declared or as allocated. */
export function nameOf(mc: Machine, address: number): string {
  const o = mc.objectOf(address);
  if (o < 0) return address === 0 ? 'NULL' : `${address}`;
  const { name, type, address: base } = mc.c.memory.objects[o]!;
  const cell = type.cells.find((k) => k.offset === address - base);
  return address === base && type.cells.length !== 1 ? name : `${name}.${cell?.name ?? address - base}`;
}

export function isHalted(mc: Machine, t: number): boolean {
  return mc.m[mc.threadBase[t]! + STATUS] === HALTED;
}

/** Raises or lowers interrupts or bottom halves as the flavour of a lock says: 1 interrupts, 2 bottom halves. */
export function flavour(mc: Machine, t: number, irq: number, change: number): void {
  if (irq === 0) return;
  const word = mc.threadBase[t]! + (irq === 1 ? IRQ : BH);
  mc.put(word, Math.max(0, mc.m[word]! + change));
}

export const NEXT = WIDTH;
