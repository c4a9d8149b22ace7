/** Findings of one function by itself: what its paths do wrong that they did not do before the patch. */
import type { CFunction } from '../c/index.ts';
import { lower, slice } from '../extract/index.ts';
import type { Rules } from '../rules/index.ts';
import type { Routine } from '../sim/program.ts';
import { anchorLine } from './anchor.ts';
import type { Finding } from './finding.ts';
import { fingerprint } from './fingerprint.ts';
import { isOwnTest, pathSchedule, siteOf } from './path-schedule.ts';
import { analyse, goneProblems, newProblems, type PathProblem } from './paths.ts';
import { type Programs, pathToken, rememberRoutine } from './replay.ts';
import type { Side } from './side.ts';
import { calleeName, type Place, wordsFor } from './words.ts';

export interface FunctionInPatch {
  fn: CFunction;
  before: CFunction | null;
  path: string;
  patch: number;
  /** Lines of the post-image that the patch touched, those outside the function included. */
  positions: number[];
  /** What stands above the function. */
  comment?: string;
}

export interface Surroundings {
  rules: Rules;
  pre: Side;
  post: Side;
  /** Names of functions that the patch touches. */
  touched: Set<string>;
  /** Those of them that have a finding: what their callers suffer from them is not said again. */
  faulty: Set<string>;
}

export interface PathReview {
  findings: Finding[];
  fixed: Finding[];
  exhausted: boolean;
  states: number;
}

export function reviewPaths(target: FunctionInPatch, around: Surroundings, programs: Programs): PathReview {
  const post = analyse(slice(lower(target.fn, around.post.context).routine), isPointer(target.fn));
  const pre =
    target.before === null
      ? null
      : analyse(slice(lower(target.before, around.pre.context).routine), isPointer(target.before));
  const problems = newProblems(post, pre).filter(
    (p) => !around.faulty.has(calleeName(siteOf(post.routine, p.origin).text)),
  );
  const findings = problems.map((p) => findingOf(p, post.routine, target));
  const fixed = pre === null ? [] : goneProblems(post, pre).map((p) => findingOf(p, pre.routine, target));
  if (findings.length > 0) rememberRoutine(programs, post.routine);
  if (pre !== null && fixed.length > 0) rememberRoutine(programs, pre.routine);
  return {
    findings,
    fixed,
    exhausted: post.result.exhausted && (pre?.result.exhausted ?? true),
    states: post.result.states + (pre?.result.states ?? 0),
  };
}

function isPointer(fn: CFunction): boolean {
  return fn.returnType.includes('*');
}

function findingOf(problem: PathProblem, routine: Routine, target: FunctionInPatch): Finding {
  const { fn, path } = target;
  const inFunction = target.positions.filter((line) => line >= fn.line && line <= fn.endLine);
  const lines = problem.path
    .map((s) => siteOf(routine, s.pc))
    .filter((s) => s.file === fn.file)
    .map((s) => s.line);
  const line = anchorLine(
    inFunction.length > 0 ? inFunction : target.positions,
    lines,
    siteOf(routine, problem.at).line,
  );
  const place = placeOf(problem, routine, target);
  const words = wordsFor(problem, place);
  return {
    id: fingerprint(problem.hazard, path, fn.name, problem.object),
    hazard: `generic/${problem.hazard}`,
    class: problem.hazard,
    confidence: problem.assumes.length > 0 ? 'likely' : 'proven',
    patch: target.patch,
    file: path,
    line,
    endLine: line,
    side: 'RIGHT',
    function: fn.name,
    title: words.title,
    message: words.message,
    assumptions: problem.assumes,
    schedule: pathSchedule(routine, problem),
    replay: pathToken(routine, problem),
    fix: null,
    consequences: [],
  };
}

function placeOf(problem: PathProblem, routine: Routine, target: FunctionInPatch): Place {
  const origin = problem.path.findIndex((s) => s.pc === problem.origin);
  const tests = problem.path.slice(origin + 1).filter((s) => isOwnTest(routine, s.pc) && s.note !== '');
  // A test that the patch touched is what sets this way apart; else the last one.
  const positions = new Set(target.positions);
  const test = tests.findLast((s) => positions.has(siteOf(routine, s.pc).line)) ?? tests.at(-1);
  return {
    function: target.fn.name,
    textOf: (pc) => siteOf(routine, pc).text.replace(/;$/, ''),
    lineOf: (pc) => siteOf(routine, pc).line,
    lastTest: test === undefined ? '' : testText(siteOf(routine, test.pc).text, test.note),
  };
}

/** `if (ret)` as it is in C, whether the text is the statement or the condition alone. */
function testText(text: string, note: string): string {
  const condition = /^(?:if|while|for|switch)\b/.test(text) ? text.replace(/\s*\{$/, '') : `if (${text})`;
  return note === 'yes' ? `in the ${condition} branch` : `past ${condition}`;
}
