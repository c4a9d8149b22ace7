/**
 * What goes wrong on the paths of one function: incidents on the way, and ways to end that do not fit.
 *
 * A function may well return with a lock held or a reference taken; that is a mistake only when its other ends,
 * or the same function before the patch, show that it was not meant. So the ends of the post-image are compared
 * with each other and with those of the pre-image, and only what the pre-image does not have is handed on.
 */

import {
  CONTEXTS,
  exploreSequential,
  type Loan,
  loanKey,
  type Outcome,
  type PathStep,
  type RefChange,
  type SequentialResult,
} from '../sim/index.ts';
import type { Hazard, Instr, Routine } from '../sim/program.ts';

/** Sign masks (see values.ts of the sequential explorer). */
const ZERO = 1;
const NEGATIVE = 4;
const NOT_ZERO = 6;

/** A mistake on one path, before it is put into words. */
export interface PathProblem {
  hazard: Hazard;
  /** The lock, object or context, by name. */
  object: string;
  /** What is owned when this is about a reference or memory. */
  what: string;
  path: PathStep[];
  /** Instruction that took what is not given back, or that made the last step wrong; -1 when there is none. */
  origin: number;
  /** Instruction at which it goes wrong. */
  at: number;
  /** What has to be true besides, as clauses. */
  assumes: string[];
  /** How the routine gives this up elsewhere: text of an unlock or put, '' when it never does. */
  remedy: string;
}

export interface Analysed {
  routine: Routine;
  /** The function returns a pointer: what is not 0 is no failure. */
  returnsPointer: boolean;
  result: SequentialResult;
}

export function analyse(routine: Routine, returnsPointer: boolean): Analysed {
  return { routine, returnsPointer, result: exploreSequential(routine) };
}

/** The problems of `post` that `pre` does not have; `pre` is null for a function that is new. */
export function newProblems(post: Analysed, pre: Analysed | null): PathProblem[] {
  if (pre !== null && !pre.result.exhausted) return [];
  return withoutKnown(problemsOf(post, pre), pre === null ? [] : ownProblems(pre));
}

/** The problems of `pre` that `post` does not have. */
export function goneProblems(post: Analysed, pre: Analysed): PathProblem[] {
  if (!post.result.exhausted) return [];
  return withoutKnown(problemsOf(pre, post), ownProblems(post));
}

/** What an image shows by itself, and what it shows beside an image that is like it. */
function ownProblems(image: Analysed): PathProblem[] {
  return distinct([...problemsOf(image, null), ...problemsOf(image, image)]);
}

/** Removes one for one what is known: by class and object, then by class alone, since names may change. */
function withoutKnown(problems: PathProblem[], known: PathProblem[]): PathProblem[] {
  const rest = [...known];
  const strip =
    (same: (a: PathProblem, b: PathProblem) => boolean) =>
    (problem: PathProblem): boolean => {
      const i = rest.findIndex((k) => same(k, problem));
      if (i >= 0) rest.splice(i, 1);
      return i < 0;
    };
  return problems
    .filter(strip((a, b) => a.hazard === b.hazard && a.object === b.object))
    .filter(strip((a, b) => a.hazard === b.hazard));
}

/**
 * What the pre-image gives up for its caller at every end with some result, and this image at some end with that
 * result does not: a reference that it was handed, or a lock.
 */
function lostReleases(analysed: Analysed, pre: Analysed | null): PathProblem[] {
  if (pre === null) return [];
  const problems: PathProblem[] = [];
  const given = new Set(pre.result.outcomes.flatMap((o) => o.refs.filter(isGivenUp).map((r) => r.object)));
  for (const object of [...given].sort()) {
    const gives = (o: Outcome): boolean => o.refs.some((r) => r.object === object && isGivenUp(r));
    const keeps = analysed.result.outcomes
      .filter(
        (o) =>
          !o.refs.some(
            (r) => r.object === object && (isGivenUp(r) || r.state.moved || r.state.lent.length > 0),
          ),
      )
      .filter((o) => {
        const same = pre.result.outcomes.filter((p) => returnClass(p) === returnClass(o));
        return same.length > 0 && same.every(gives);
      })
      .sort((a, b) => a.path.length - b.path.length);
    const [outcome] = keeps;
    const before = pre.result.outcomes.find(gives)!.refs.find((r) => r.object === object && isGivenUp(r))!;
    // With other parameters comes another contract.
    if (analysed.routine.params.join() !== pre.routine.params.join()) continue;
    if (outcome === undefined || calls(analysed.routine, pre.routine)) continue;
    const isMemory = before.state.freed;
    problems.push({
      hazard: isMemory ? 'leak' : 'ref-leak',
      object,
      what: before.state.what,
      path: outcome.path,
      origin: -1,
      at: outcome.path.at(-1)?.pc ?? 0,
      assumes: [],
      remedy: textAt(pre.routine, before.state.dropped),
    });
  }
  return problems;
}

function isGivenUp(ref: RefChange): boolean {
  return ref.state.delta < 0 || (ref.state.freed && !ref.state.owned);
}

/** Whether an image hands things to functions that the other does not call: they may have taken it over. */
function calls(image: Routine, other: Routine): boolean {
  const known = new Set(other.code.flatMap((i) => (i.op === 'escape' && i.to !== undefined ? [i.to] : [])));
  return image.code.some((i) => i.op === 'escape' && i.to !== undefined && !known.has(i.to));
}

function textAt(routine: Routine, pc: number): string {
  const site = routine.code[pc]?.site;
  return site === undefined ? '' : routine.sites[site]!.text.replace(/;$/, '');
}

function problemsOf(analysed: Analysed, pre: Analysed | null): PathProblem[] {
  const found = [
    ...incidents(analysed, pre),
    ...lockEnds(analysed, pre),
    ...contextEnds(analysed, pre),
    ...referenceEnds(analysed, pre),
    ...lostReleases(analysed, pre),
  ];
  return distinct(found);
}

function distinct(problems: PathProblem[]): PathProblem[] {
  const seen = new Set<string>();
  return problems.filter((p) => {
    // One mistake may show at several objects or lines: what made it wrong is where it stands.
    const key = p.origin >= 0 ? `${p.hazard} from ${p.origin}` : `${p.hazard} ${p.object} ${p.at}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function incidents({ result }: Analysed, pre: Analysed | null): PathProblem[] {
  return result.incidents
    .filter((i) => !i.weak || pre !== null)
    .map((i) => ({
      hazard: i.hazard,
      object: i.object,
      what: '',
      path: i.path,
      origin: i.because,
      at: i.pc,
      assumes: [],
      remedy: '',
    }));
}

/** Ends that return the same can be compared. */
function returnClass(outcome: Outcome): string {
  return outcome.returns.constant === null
    ? `sign ${outcome.returns.mask}`
    : String(outcome.returns.constant);
}

/** What two names of one lock have in common: the cell, or the array it is an element of. */
function lastCell(name: string): string {
  return name
    .split(/->|\.|\*/)
    .at(-1)!
    .replace(/ add .*$/, '');
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

function lockEnds(analysed: Analysed, pre: Analysed | null): PathProblem[] {
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
function oddEnd(
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

function contextEnds(analysed: Analysed, pre: Analysed | null): PathProblem[] {
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

function referenceEnds(analysed: Analysed, pre: Analysed | null): PathProblem[] {
  const problems: PathProblem[] = [];
  const { outcomes } = analysed.result;
  const leaks = (o: Outcome) =>
    o.refs.filter(
      (r) => !r.reachable && r.state.owned && !r.state.moved && (r.state.delta > 0 || r.state.memory),
    );
  const objects = new Set(outcomes.flatMap((o) => leaks(o).map((r) => r.object)));
  for (const object of [...objects].sort()) {
    const leaking = outcomes.filter((o) => leaks(o).some((r) => r.object === object));
    leaking.sort((a, b) => a.path.length - b.path.length);
    const outcome = leaking[0]!;
    const ref = leaks(outcome).find((r) => r.object === object)!;
    const isMemory = ref.state.memory;
    const gives = (i: Instr): boolean =>
      isMemory ? i.op === 'free' : i.op === 'ref.put' || i.op === 'percpu.put' || i.op === 'disown';
    const remedy = remedyFor(analysed, pre, ref.state.taken, gives);
    // A function that never gives it up, before or after, may well hand it on in a way that is not seen.
    if (remedy === '' && ref.state.tested) continue;
    const kept = ref.state.lent
      .filter((l) => !analysed.result.givenBack.has(loanKey(l)) && !pre?.result.givenBack.has(loanKey(l)))
      .map((l) => `${l.to}() does not keep ${object}`);
    if (kept.length > 0 && (remedy === '' || pre === null)) continue;
    if (ref.state.lent.some((l) => keepsOnSuccess(l, analysed, pre))) continue;
    problems.push({
      hazard: isMemory ? 'leak' : 'ref-leak',
      object,
      what: ref.state.what,
      path: outcome.path,
      origin: ref.state.taken,
      at: outcome.path.at(-1)?.pc ?? ref.state.taken,
      assumes: kept,
      remedy,
    });
  }
  // Objects that the caller can reach too: only ends that differ from each other and from before tell.
  const taken =
    (name: string) =>
    (o: Outcome): boolean =>
      o.refs.some(
        (r) =>
          r.object === name &&
          r.reachable &&
          !r.state.moved &&
          r.state.delta > 0 &&
          o.returns.object !== name,
      );
  const shared = new Set(
    outcomes.flatMap((o) => o.refs.filter((r) => r.reachable && r.state.delta > 0).map((r) => r.object)),
  );
  for (const object of [...shared].sort()) {
    const outcome = oddEnd(analysed, pre, taken(object), taken(object), true);
    if (outcome === null) continue;
    const ref = outcome.refs.find((r) => r.object === object)!;
    const puts = (i: Instr): boolean => i.op === 'ref.put' || i.op === 'percpu.put';
    const remedy = remedyFor(analysed, pre, ref.state.taken, puts);
    if (pre === null && remedy === '') continue;
    problems.push({
      hazard: 'ref-leak',
      object,
      what: ref.state.what,
      path: outcome.path,
      origin: ref.state.taken,
      at: outcome.path.at(-1)?.pc ?? ref.state.taken,
      assumes: ref.state.lent.map((l) => `${l.to}() does not keep ${object}`),
      remedy,
    });
  }
  return problems;
}

/** What is given back when this function fails, and not when it succeeds, is kept by it. */
function keepsOnSuccess(loan: Loan, analysed: Analysed, pre: Analysed | null): boolean {
  if (loan.result !== ZERO) return false;
  const given = [...analysed.result.givenBack, ...(pre?.result.givenBack ?? [])];
  return given.some((key) => key.startsWith(`${loan.to}=`) && key !== loanKey(loan));
}

/** The text of an operation that gives up what `origin` took, in this function or in its pre-image. */
function remedyFor(
  analysed: Analysed,
  pre: Analysed | null,
  origin: number,
  gives: (i: Instr) => boolean,
): string {
  const taker = analysed.routine.code[origin];
  const subject = taker === undefined ? '' : subjectOf(taker);
  for (const { routine } of pre === null ? [analysed] : [pre, analysed]) {
    for (const instr of routine.code) {
      if (!gives(instr) || instr.site === undefined || (subject !== '' && subjectOf(instr) !== subject))
        continue;
      return routine.sites[instr.site]!.text.replace(/;$/, '');
    }
  }
  return '';
}

/** What an operation takes or gives up, as far as two operations on the same thing share it. */
function subjectOf(instr: Instr): string {
  switch (instr.op) {
    case 'own':
    case 'disown':
    case 'free':
      return String(instr.object);
    case 'alloc':
      return instr.dst;
    case 'lock':
    case 'trylock':
    case 'unlock':
      return `lock ${instr.at.cell === '' ? instr.at.base : lastCell(instr.at.cell)}`;
    default:
      return 'at' in instr ? String(instr.at.base) : '';
  }
}
