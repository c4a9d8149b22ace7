/** Locks, and sleeping under them, in the sequential explorer. */
import type { LockKind, LockMode, Place } from '../program.ts';
import type { Cursor } from './cursor.ts';
import { CONTEXTS } from './state.ts';
import type { ValueId } from './values.ts';

export const KIND_SPINS: Record<LockKind, boolean> = {
  spin: true,
  'raw-spin': true,
  rwlock: true,
  bit: true,
  seqlock: true,
  mutex: false,
  rwsem: false,
};

export function lock(at: Cursor, place: Place, kind: LockKind, mode: LockMode): boolean {
  if (!at.touch(place)) return false;
  for (const part of at.run.values.parts(at.value(place.base))) at.comesTooLate(part);
  const target = at.address(place);
  const known = at.state.locks.get(target);
  if (known !== undefined && known.now !== 'free') {
    if (!(mode === 'shared' && known.now === 'shared')) {
      at.fail('double-lock', target, known.pc);
      return false;
    }
    at.setLock(place, { ...known, depth: known.depth + 1 });
    return true;
  }
  if (known === undefined && !at.state.clouded && place.cell !== '')
    at.run.takenFirst.add(place.cell.split('.').at(-1)!);
  at.setLock(place, {
    kind,
    entry: known?.entry ?? 'free',
    now: mode,
    depth: 1,
    clouded: known?.clouded ?? at.state.clouded,
    pc: at.pc,
  });
  if (KIND_SPINS[kind]) at.context('preempt', 1);
  return true;
}

export function unlock(at: Cursor, place: Place, kind: LockKind, mode: LockMode): boolean {
  if (!at.touch(place)) return false;
  const target = at.address(place);
  at.drop(target);
  const known = at.state.locks.get(target);
  if (known === undefined) {
    at.setLock(place, { kind, entry: mode, now: 'free', depth: 0, clouded: at.state.clouded, pc: at.pc });
  } else if (known.now === 'free' || (known.now !== mode && known.entry === 'free')) {
    // Not held, or held by this path in the other mode.
    at.fail('double-unlock', target, known.pc);
    return false;
  } else if (known.depth > 1) {
    at.setLock(place, { ...known, depth: known.depth - 1, pc: at.pc });
    return true;
  } else {
    // An assertion did not say what kind of lock it is.
    at.setLock(place, { ...known, kind, now: 'free', depth: 0, pc: at.pc });
  }
  if (KIND_SPINS[kind]) at.context('preempt', -1);
  return true;
}

export function irq(at: Cursor, flavour: 'plain' | 'irq' | 'irqsave' | 'bh', change: 1 | -1): void {
  if (flavour === 'bh') at.context('bh', change);
  else if (flavour !== 'plain') at.context('irq', change);
}

export function assertHeld(at: Cursor, place: Place, mode: LockMode, not: boolean): void {
  const target = at.address(place);
  const known = at.state.locks.get(target);
  if (known === undefined) {
    if (!not)
      at.state.locks.set(target, {
        kind: 'mutex',
        entry: mode,
        now: mode,
        depth: 1,
        clouded: at.state.clouded,
        pc: at.pc,
      });
    return;
  }
  if (!not && known.now === 'free') at.fail('missing-lock', target, known.pc);
}

export function sleep(at: Cursor): void {
  const { state } = at;
  state.note(at.pc);
  // A function that drops what its caller holds before it sleeps does not sleep in its caller's atomic context.
  const dropped = [...state.locks.values()].some((l) => l.entry !== 'free' && l.now === 'free');
  if (!dropped && !state.clouded && state.contexts.every((c) => c >= 0)) state.slept = true;
  const depth = (what: (typeof CONTEXTS)[number]): number => state.contexts[CONTEXTS.indexOf(what)]!;
  if (depth('irq') <= 0 && depth('bh') <= 0 && depth('preempt') <= 0 && depth('rcu') <= 0) return;
  let because = -1;
  let what: ValueId = at.run.values.constant(0);
  for (const [v, l] of state.locks) {
    if (KIND_SPINS[l.kind] && l.now !== 'free' && l.entry === 'free') {
      because = l.pc;
      what = v;
    }
  }
  at.run.incident(state, 'sleep-in-atomic', what, at.pc, because);
}
