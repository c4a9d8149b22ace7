/**
 * Calls: a frame holds where to return to, the caller's frame, the register that gets the result, and the registers of
 * the routine. `enter` may be used by an event as well (a release routine, a callback): the program counter then already names
 * what comes after the event. Recursion is bounded by the size of the stack.
 */
import { FP, type Machine, PC, SP } from './machine.ts';

export const HEADER = 3;

export function enter(mc: Machine, t: number, routine: number, args: number[], dst: number): void {
  const { frame, entry, params } = mc.c.routines[routine]!;
  const tb = mc.threadBase[t]!;
  const sp = mc.m[tb + SP]!;
  if (sp + frame > tb + mc.threadSize) return mc.overflow(t, 3);
  mc.put(sp, mc.m[tb + PC]!);
  mc.put(sp + 1, mc.m[tb + FP]!);
  mc.put(sp + 2, dst);
  for (let i = HEADER; i < frame; i++) {
    mc.put(sp + i, i - HEADER < params && i - HEADER < args.length ? args[i - HEADER]! : 0);
  }
  mc.put(tb + FP, sp);
  mc.put(tb + SP, sp + frame);
  mc.put(tb + PC, entry * 8);
}

/** Leaves the routine; false when it was the thread's first. */
export function leave(mc: Machine, t: number, value: number): boolean {
  const tb = mc.threadBase[t]!;
  const fp = mc.m[tb + FP]!;
  const caller = mc.m[fp + 1]!;
  if (caller === 0) return false;
  const dst = mc.m[fp + 2]!;
  mc.put(tb + PC, mc.m[fp]!);
  mc.put(tb + FP, caller);
  // Dead words are cleared, so that equal states are equal words.
  for (let i = fp; i < mc.m[tb + SP]!; i++) mc.put(i, 0);
  mc.put(tb + SP, fp);
  if (dst >= 0) mc.put(caller + dst, value);
  return true;
}
