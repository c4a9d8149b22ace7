/**
 * The review of a series: every function that a patch touches is looked at by itself and in the roles it fits.
 *
 * The order is that of the series; findings of a patch are sorted by file and line. A function that cannot be
 * explored to the end is named in the notes: nothing is then said to be safe.
 */
import { type CFunction, type Config, type CUnit, openTree, type Tree } from '../c/index.ts';
import type { Patch, PatchSeries } from '../patch/index.ts';
import { type Rules, rulesFor } from '../rules/index.ts';
import type { Source } from '../source/index.ts';
import { commentAbove, lineReader } from './comment-above.ts';
import type { Finding, Review } from './finding.ts';
import { macroFunctions } from './macro-functions.ts';
import { type FunctionInPatch, reviewPaths, type Surroundings } from './path-findings.ts';
import type { Programs } from './replay.ts';
import { reviewRoles } from './role-findings.ts';
import { restsOn } from './roles.ts';
import { makeSide } from './side.ts';
import { changedPositions, type FileUnits, fileUnits, isC } from './units.ts';

export interface Reviewed {
  review: Review;
  /** The programs behind the findings, for replay. */
  programs: Programs;
}

/**
 * Reviews every patch of a series against the images that `source` gives.
 * Never throws for what a patch contains; what could not be looked at is in `skipped` and `notes`.
 * @param config which `#if` branches of the tree are read; by default nearly everything is on
 */
export function reviewSeries(
  series: PatchSeries,
  source: Source,
  rules: Rules,
  version: string,
  config?: Config,
): Reviewed {
  const programs: Programs = new Map();
  const review: Review = {
    tool: { name: 'lockstep', version },
    series: {
      subject: series.subject,
      messageId: series.messageId,
      version: series.version,
      patches: series.patches.length,
    },
    findings: [],
    fixed: [],
    notes: [],
    skipped: [...series.skipped],
    stats: { files: 0, functions: 0, states: 0, executions: 0 },
  };
  // What the vocabulary knows stays a call; other macros of the tree are expanded.
  const keep = (name: string): boolean => rules.vocabulary.has(name);
  const tree = source.tree === null ? null : openTree(source.tree, { keep, ...(config && { config }) });
  const own =
    tree === null ? rules : rulesFor(rules, (symbol) => tree.findFunction(symbol, 'mm/memory.c') !== null);
  for (const patch of series.patches) reviewPatch(patch, source, tree, own, review, programs);
  return { review, programs };
}

function reviewPatch(
  patch: Patch,
  source: Source,
  tree: Tree | null,
  rules: Rules,
  review: Review,
  programs: Programs,
): void {
  const { stats } = review;
  const files: FileUnits[] = [];
  for (const file of patch.files) {
    const path = file.newPath || file.oldPath;
    if (!isC(path)) continue;
    const units = fileUnits(patch, file, source, tree);
    if (units.note !== '') review.notes.push(units.note);
    stats.files! += 1;
    files.push(units);
  }
  const touched = new Set(files.flatMap((f) => f.touched.map((fn) => fn.name)));
  const faulty = new Set<string>();
  const findings: Finding[] = [];
  for (const file of files) {
    if (file.post === null || file.postImage === null) continue;
    const positions = changedPositions(file.postImage);
    const macros = macroFunctions(file.post, file.postImage);
    if (file.touched.length === 0 && macros.length === 0) continue;
    const lines = lineReader(file.postImage);
    const post = makeSide([file.post, ...others(files, file, 'post')], rules, touched, tree);
    const preUnits = [...(file.pre === null ? [] : [file.pre]), ...others(files, file, 'pre')];
    const pre = makeSide(preUnits, rules, touched, tree);
    const around: Surroundings = { rules, pre, post, touched, faulty };
    for (const fn of file.touched) {
      stats.functions! += 1;
      const target: FunctionInPatch = {
        fn,
        before: counterpart(fn, file.post, file.pre),
        path: file.path,
        patch: patch.index,
        positions,
        comment: commentAbove(fn.line, lines),
      };
      if (!fn.complete) {
        findings.push(...reviewRoles(target, around, programs).findings);
        continue;
      }
      const roles = reviewRoles(target, around, programs);
      const paths = reviewPaths(target, around, programs);
      stats.executions! += roles.executions;
      stats.states! += paths.states;
      for (const name of roles.unfinished)
        review.notes.push(`${fn.name}(): ${name} was not explored to the end`);
      if (!paths.exhausted) review.notes.push(`${fn.name}(): not every path was explored`);
      const found = [
        ...roles.findings,
        ...paths.findings.filter((f) => !roles.findings.some((r) => covers(r, f)) && !blames(f, faulty)),
      ];
      // What its callers suffer from it, or from what it calls, is not said again.
      if (found.length > 0 || restsOn(fn, faulty, post.units)) faulty.add(fn.name);
      findings.push(...found);
      review.fixed.push(...paths.fixed);
    }
    for (const fn of macros) {
      const target = { fn, before: null, path: file.path, patch: patch.index, positions };
      const comment = commentAbove(fn.line, lines);
      findings.push(...reviewRoles({ ...target, comment }, around, programs).findings);
    }
  }
  findings.sort((a, b) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || (a.class < b.class ? -1 : 1),
  );
  review.findings.push(...findings);
}

/** The same function before the patch; of several with one name, the one that is as many before it. */
function counterpart(fn: CFunction, post: CUnit, pre: CUnit | null): CFunction | null {
  if (pre === null) return null;
  const nth = post.functions.filter((f) => f.name === fn.name).indexOf(fn);
  return pre.functions.filter((f) => f.name === fn.name)[nth] ?? null;
}

function others(files: FileUnits[], file: FileUnits, side: 'pre' | 'post'): CUnit[] {
  return files
    .filter((f) => f !== file)
    .map((f) => f[side])
    .filter((u): u is CUnit => u !== null);
}

/** Whether a leak comes from what a function does with a reference that has a finding itself. */
function blames(finding: Finding, faulty: Set<string>): boolean {
  if (!/leak$/.test(finding.class)) return false;
  return [...faulty].some((name) => finding.message.includes(`${name}(`) && name !== finding.function);
}

/** Whether a finding between threads already says what one function's paths show. */
function covers(race: Finding, path: Finding): boolean {
  if (race.function !== path.function) return false;
  return race.class === path.class || race.consequences.some((c) => c.class === path.class);
}
