/**
 * What goes wrong on the paths of one function: incidents on the way, and ways to end that do not fit.
 *
 * A function may well return with a lock held or a reference taken; that is a mistake only when its other ends,
 * or the same function before the patch, show that it was not meant. So the ends of the post-image are compared
 * with each other and with those of the pre-image, and only what the pre-image does not have is handed on.
 */

import { exploreSequential } from '../sim/index.ts';
import type { Routine } from '../sim/program.ts';
import { contextEnds, lockEnds } from './lock-ends.ts';
import type { Analysed, PathProblem } from './problem.ts';
import { lostReleases, referenceEnds } from './reference-ends.ts';

export type { Analysed, PathProblem } from './problem.ts';

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
