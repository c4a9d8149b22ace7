/**
 * Interrupts and bottom halves as actors of a CPU.
 *
 * A handler (thread kind `irq` or `softirq`) may start once, whenever no task of its CPU has interrupts (for softirq: or bottom
 * halves) off and no other handler runs there; an irq may interrupt a softirq. From its first to its last event the tasks of that
 * CPU stand still. A handler that waits for a lock held by the task that it interrupted never ends: `irq-unsafe-lock`.
 * Dependence: every event of a task on such a CPU conflicts with the start and the end of the handler, so a handler is tried at
 * every point of the task. Tasks that share a CPU with each other otherwise interleave freely, as if they migrated.
 */
import { cpuObject, type EventKind, pseudo } from './event.ts';
import { BH, F_CPU, F_OP, IRQ, type Machine } from './machine.ts';
import { IRQ_ENTER, M_CPU_IRET, M_CPU_IRQ, M_CPU_TASK } from './opcodes.ts';

/** The word of a CPU: 0, or bits 1 (an irq runs) and 2 (a softirq runs). */
function wordOf(mc: Machine, t: number): number {
  return mc.cpuBase + mc.cpuOf[t]!;
}

/** A task stands still while a handler runs on its CPU, and a softirq while an irq does. */
export function interrupted(mc: Machine, t: number): boolean {
  const word = mc.m[wordOf(mc, t)]!;
  if (mc.handler[t] === 0) return mc.shared[t] === 1 && word !== 0;
  return mc.handler[t] === 2 && (word & 1) !== 0;
}

/** Whether a handler of this kind could start on the CPU of `t`, as far as the tasks there are concerned. */
function open(mc: Machine, t: number): boolean {
  for (let other = 0; other < mc.c.declared; other++) {
    if (mc.cpuOf[other] !== mc.cpuOf[t] || mc.shared[other] !== 1) continue;
    const tb = mc.threadBase[other]!;
    if (mc.m[tb + IRQ]! > 0 || (mc.handler[t] === 2 && mc.m[tb + BH]! > 0)) return false;
  }
  return true;
}

export const irqEnter: EventKind = {
  enabled(mc, t) {
    const running = mc.m[wordOf(mc, t)]!;
    return open(mc, t) && (running === 0 || (mc.handler[t] === 1 && running === 2));
  },
  foot(mc, t) {
    pseudo(mc, 0, cpuObject(mc, t), M_CPU_IRQ);
    mc.foot[F_OP] = IRQ_ENTER;
  },
  run(mc, t) {
    mc.put(wordOf(mc, t), mc.m[wordOf(mc, t)]! | mc.handler[t]!);
  },
};

export const irqLeave: EventKind = {
  foot(mc, t) {
    pseudo(mc, 0, cpuObject(mc, t), M_CPU_IRET);
  },
  run(mc, t) {
    mc.put(wordOf(mc, t), mc.m[wordOf(mc, t)]! & ~mc.handler[t]!);
  },
};

/** Adds to a task's footprint that it needs its CPU, and remembers which handlers could have started before. */
export function footCpu(mc: Machine, t: number): void {
  if (mc.shared[t] !== 1) return;
  pseudo(mc, 2, cpuObject(mc, t), M_CPU_TASK);
  const tb = mc.threadBase[t]!;
  mc.foot[F_CPU] = (mc.m[tb + IRQ]! > 0 ? 1 : 0) | (mc.m[tb + BH]! > 0 ? 2 : 0);
}
