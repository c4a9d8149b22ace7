/** Ends of a function that leave a reference or memory behind: taken and not given up, or not given up any more. */
import { type Loan, loanKey, type Outcome, type RefChange } from '../sim/index.ts';
import type { Instr, Routine } from '../sim/program.ts';
import { oddEnd, returnClass, ZERO } from './lock-ends.ts';
import { type Analysed, type PathProblem, remedyFor } from './problem.ts';

/**
 * What the pre-image gives up for its caller at every end with some result, and this image at some end with that
 * result does not: a reference that it was handed, or a lock.
 */
export function lostReleases(analysed: Analysed, pre: Analysed | null): PathProblem[] {
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

export function referenceEnds(analysed: Analysed, pre: Analysed | null): PathProblem[] {
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
