/**
 * The numbers that stand for the words of the program format in compiled code, and back.
 *
 * Hazards are bits of a mask; functions, lock kinds and contexts are indices. `unknownValues` says which values the
 * concurrent core tries for an unknown: it is a finite sample, so a verdict holds for these values only. It is
 * deliberately small, because the values of an unknown multiply the executions.
 */
import { OPAQUE } from './layout.ts';
import { type CalcFn, HAZARDS, type Hazard, type LockKind, type Unknown } from './program.ts';

export const CALC_FNS: CalcFn[] = [
  'add',
  'sub',
  'mul',
  'div',
  'mod',
  'and',
  'or',
  'xor',
  'shl',
  'shr',
  'eq',
  'ne',
  'lt',
  'le',
];
export const RMW_FNS = ['xchg', 'add', 'sub', 'and', 'or', 'xor'];
export const LOCK_KINDS: LockKind[] = ['spin', 'raw-spin', 'rwlock', 'mutex', 'rwsem', 'bit', 'seqlock'];

export const HAZARD_BIT = Object.fromEntries(HAZARDS.map((h, i) => [h, i])) as Record<Hazard, number>;

/**
 * Properties that are checked only when `hazards` names them: each is a rule of style or a proxy for a worse
 * consequence that is found by itself, and would hide it in a run that stops at the first violation.
 */
export const ON_REQUEST: Hazard[] = [
  'missing-rcu',
  'missing-grace-period',
  'stale-after-relock',
  'lost-update',
  'data-race',
];

export function maskOf(hazards: readonly Hazard[] | undefined): number {
  const wanted = hazards ?? HAZARDS.filter((h) => !ON_REQUEST.includes(h));
  return wanted.reduce((mask, h) => mask | (1 << HAZARD_BIT[h]), 0);
}

/** `ENOMEM` stands for every error. */
const ERROR = -12;

export function unknownValues(what: Unknown): number[] {
  if (typeof what === 'object') return what.among;
  switch (what) {
    case 'int':
    case 'bool':
      return [0, 1];
    case 'zero-or-error':
      return [0, ERROR];
    case 'pointer':
      return [0, OPAQUE];
    case 'pointer-or-error':
      return [ERROR, OPAQUE];
    case 'nonnull':
      return [OPAQUE];
  }
}
