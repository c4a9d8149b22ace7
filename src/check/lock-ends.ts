/**
 * Ends of a function that leave a lock or a context changed where its other ends, or its past, show that this was not
 * meant. A function may well return with a lock held.
 */
import { CONTEXTS, type Outcome } from '../sim/index.ts';
import type { Instr } from '../sim/program.ts';
import { type Analysed, lastCell, type PathProblem, remedyFor } from './problem.ts';

/** Sign masks (see values.ts of the sequential explorer). */
export const ZERO = 1;

const NEGATIVE = 4;

const NOT_ZERO = 6;

/** Ends that return the same can be compared. */
export function returnClass(outcome: Outcome): string {
  return outcome.returns.constant === null
    ? `sign ${outcome.returns.mask}`
    : String(outcome.returns.constant);
}

/** Locks that an end leaves changed, without pairs that are one lock under two names. */
function changedLocks(outcome: Outcome, to: 'held' | 'released') {
  // A lock in a local is nobody else's.
  const locks = outcome.locks.filter((l) => !l.lock.startsWith('%'));
  const held = locks.filter((l) => l.state.entry === 'free' && l.state.now !== 'free');
  const released = locks.filter((l) => l.state.entry !== 'free' && l.state.now === 'free');
  const [wanted, other] = to === 'held' ? [held, released] : [released, held];
  return wanted.filter((l) => !other.some((o) => lastCell(o.lock) === lastCell(l.lock)));
}

export function lockEnds(analysed: Analysed, pre: Analysed | null): PathProblem[] {
  const problems: PathProblem[] = [];
  for (const to of ['held', 'released'] as const) {
    // One lock may have several names: those with the same last cell are looked at together.
    const cells = new Set(
      analysed.result.outcomes.flatMap((o) => changedLocks(o, to).map((l) => lastCell(l.lock))),
    );
    for (const cell of [...cells].sort()) {
      const has = (o: Outcome): boolean => changedLocks(o, to).some((l) => lastCell(l.lock) === cell);
      const failures = to === 'held' || analysed.result.takenFirst.has(cell);
      const outcome = oddEnd(analysed, pre, has, has, failures);
      if (outcome === null || (pre === null && isOneOfSeveral(analysed, outcome, to))) continue;
      if (pre !== null && keptAnother(pre, outcome, to)) continue;
      const change = changedLocks(outcome, to).find((l) => lastCell(l.lock) === cell)!;
      const { lock } = change;
      // Without a past to compare with, a function that only ever takes or only ever gives back may be meant to.
      if ((pre === null || lockCount(pre, lock) === 0) && !hasBoth(analysed, lock)) continue;
      const hazard =
        to === 'held'
          ? 'missing-unlock'
          : lockCount(pre, lock) > lockCount(analysed, lock)
            ? 'missing-lock'
            : 'double-unlock';
      problems.push({
        hazard,
        object: lock,
        what: 'lock',
        path: outcome.path,
        origin: change.state.pc,
        at: to === 'held' ? (outcome.path.at(-1)?.pc ?? change.state.pc) : change.state.pc,
        assumes: [],
        remedy: remedyFor(analysed, pre, change.state.pc, (i) => i.op === 'unlock'),
      });
    }
  }
  return problems;
}

/** Every end with this result leaves as many locks changed, if not the same: which one is up to the data. */
function isOneOfSeveral(analysed: Analysed, outcome: Outcome, to: 'held' | 'released'): boolean {
  const count = changedLocks(outcome, to).length;
  const peers = analysed.result.outcomes.filter((o) => returnClass(o) === returnClass(outcome));
  return peers.length > 1 && peers.every((o) => changedLocks(o, to).length === count);
}

/** The pre-image too ended with a lock changed where this one does: the patch exchanged which. */
function keptAnother(pre: Analysed, outcome: Outcome, to: 'held' | 'released'): boolean {
  const count = changedLocks(outcome, to).length;
  const peers = pre.result.outcomes.filter((o) => returnClass(o) === returnClass(outcome));
  return peers.some((o) => changedLocks(o, to).length >= count);
}

function hasBoth(analysed: Analysed, lock: string): boolean {
  const cell = lastCell(lock);
  const does = (names: Instr['op'][]): boolean =>
    analysed.routine.code.some(
      (i) =>
        names.includes(i.op) &&
        'at' in i &&
        (i.at.cell === '' ? cell === lock : lastCell(i.at.cell) === cell),
    );
  return does(['lock', 'trylock']) && does(['unlock']);
}

function lockCount(analysed: Analysed | null, lock: string): number {
  const cell = lastCell(lock);
  return (
    analysed?.routine.code.filter(
      (i) => (i.op === 'lock' || i.op === 'trylock') && lastCell(i.at.cell || lock) === cell,
    ).length ?? 0
  );
}

/**
 * The shortest end with `odd` that was not meant: the pre-image has no such end for this result, and either the
 * pre-image has none at all or another end with the same result lacks it.
 * @param failures an end that fails and has it is odd too when one that succeeds lacks it: a function may keep a lock
 *   when it succeeds, but one that keeps it only when it fails has forgotten it.
 */
export function oddEnd(
  analysed: Analysed,
  pre: Analysed | null,
  odd: (o: Outcome) => boolean,
  oddBefore: (o: Outcome) => boolean,
  failures: boolean,
): Outcome | null {
  const { outcomes } = analysed.result;
  const before = pre?.result.outcomes.filter(oddBefore) ?? [];
  const candidates = outcomes
    .filter(odd)
    .filter((o) => !before.some((b) => returnClass(b) === returnClass(o)));
  const meant = (o: Outcome): boolean => {
    if (pre !== null && before.length === 0) return false;
    if (outcomes.some((other) => !odd(other) && returnClass(other) === returnClass(o))) return false;
    return !(
      failures && outcomes.some((other) => !odd(other) && isFailureBeside(o, other, analysed.returnsPointer))
    );
  };
  const unmeant = candidates.filter((o) => !meant(o));
  return unmeant.sort((a, b) => a.path.length - b.path.length)[0] ?? null;
}

/** Returns an error where `other` does not: an error code or pointer, or something but 0 where `other` returns 0. */
function isFailureBeside(outcome: Outcome, other: Outcome, pointer: boolean): boolean {
  const { mask } = outcome.returns;
  if (mask === NEGATIVE) return other.returns.mask !== NEGATIVE;
  return !pointer && mask === NOT_ZERO && other.returns.mask === ZERO;
}

export function contextEnds(analysed: Analysed, pre: Analysed | null): PathProblem[] {
  const problems: PathProblem[] = [];
  CONTEXTS.forEach((context, i) => {
    // Spinlocks change the preemption and interrupt counts; they are looked at as locks.
    const odd =
      (sign: number) =>
      (o: Outcome): boolean =>
        Math.sign(o.contexts[i]!) === sign &&
        (context === 'rcu' || context === 'pagefault' || o.locks.length === 0);
    for (const sign of [1, -1]) {
      const outcome = oddEnd(analysed, pre, odd(sign), odd(sign), true);
      if (outcome === null) continue;
      const does = (keys: Set<string>): boolean =>
        analysed.routine.code.some((i) => keys.has(opKey(i, context)));
      if (pre === null && !(does(ENTERS) && does(LEAVES))) continue;
      const wanted = sign > 0 ? ENTERS : LEAVES;
      const step = outcome.path.findLast((s) => wanted.has(opKey(analysed.routine.code[s.pc]!, context)));
      const origin = step?.pc ?? -1;
      problems.push({
        hazard: sign > 0 ? 'missing-unlock' : 'double-unlock',
        object: context,
        what: 'context',
        path: outcome.path,
        origin,
        at: sign > 0 ? (outcome.path.at(-1)?.pc ?? origin) : origin,
        assumes: [],
        remedy: remedyFor(analysed, pre, -1, (instr) => LEAVES.has(opKey(instr, context))),
      });
    }
  });
  return problems;
}

const ENTERS = new Set(['enter']);

const LEAVES = new Set(['leave']);

function opKey(instr: Instr, context: string): string {
  if (instr.op === 'rcu.enter' || instr.op === 'rcu.exit')
    return context === 'rcu' ? (instr.op === 'rcu.enter' ? 'enter' : 'leave') : '';
  if (instr.op === 'context' && instr.what === context) return instr.change > 0 ? 'enter' : 'leave';
  return '';
}
