/**
 * Findings of a function against other threads: it takes the role of a hazard model that it fits, the model's
 * actors play the others, and the core explores.
 *
 * What fits is decided in roles.ts; a function that calls one which has a finding already is left alone.
 */
import type { HazardModel, Role } from '../rules/index.ts';
import { ProgramError } from '../sim/index.ts';
import type { Step } from '../sim/program.ts';
import { anchorLine } from './anchor.ts';
import { callersLeftBehind } from './caller-findings.ts';
import type { Finding } from './finding.ts';
import { fingerprint } from './fingerprint.ts';
import type { FunctionInPatch, Surroundings } from './path-findings.ts';
import {
  castWords,
  consequenceWords,
  invertedTry,
  invertedTryWords,
  objectName,
  raceWords,
} from './race-words.ts';
import { type Programs, rememberProgram } from './replay.ts';
import { play, type Violation } from './role-play.ts';
import { agrees, fits, helpersUncalled, restsOn } from './roles.ts';

export interface RoleReview {
  findings: Finding[];
  executions: number;
  /** Models that could not be explored to the end. */
  unfinished: string[];
}

export function reviewRoles(target: FunctionInPatch, around: Surroundings, programs: Programs): RoleReview {
  const review: RoleReview = { findings: [], executions: 0, unfinished: [] };
  const { rules, pre, post, touched } = around;
  const { comment = '' } = target;
  reviewCallers(target, around, programs, review);
  if (restsOn(target.fn, around.faulty, post.units)) return review;
  for (const model of rules.models) {
    if (!agrees(model, post, rules)) continue;
    for (const [name, role] of Object.entries(model.roles)) {
      if (role.lookup !== undefined) continue;
      if (!fits({ fn: target.fn, before: target.before, comment }, role, post.units)) continue;
      const after = tryToPlay(model, role, target.fn, post, touched, rules);
      if (after === null) {
        review.unfinished.push(`${model.id}: ${name}`);
        continue;
      }
      review.executions += after.executions;
      if (!after.exhausted) review.unfinished.push(`${model.id}: ${name}`);
      if (after.violations.length === 0) continue;
      const before =
        target.before !== null &&
        agrees(model, pre, rules) &&
        fits({ fn: target.before, before: null, comment }, role, pre.units)
          ? (tryToPlay(model, role, target.before, pre, touched, rules)?.violations ?? []).map(
              (v) => v.schedule.violation.hazard,
            )
          : [];
      const fresh = after.violations.filter((v) => !before.includes(v.schedule.violation.hazard));
      if (fresh.length === 0) continue;
      for (const { program } of fresh) rememberProgram(programs, program);
      review.findings.push(
        findingOf(model, role, fresh, target, helpersUncalled(role.uncalled, post.units).helpers),
      );
      // One function, one mistake: its other roles would say the same in other words.
      return review;
    }
  }
  return review;
}

/** Callers that the patch did not change, although what they call now gives them a reference. */
function reviewCallers(
  target: FunctionInPatch,
  around: Surroundings,
  programs: Programs,
  review: RoleReview,
): void {
  const { rules, post } = around;
  for (const model of rules.models) {
    const roles = Object.values(model.roles).filter((role) => role.lookup !== undefined);
    if (roles.length === 0 || !agrees(model, post, rules)) continue;
    for (const role of roles) {
      if (!fits({ fn: target.fn, before: target.before, comment: '' }, role, post.units)) continue;
      const left = callersLeftBehind(model, role, target, around);
      if (left === null) continue;
      review.executions += left.executions;
      rememberProgram(programs, left.violation.program);
      review.findings.push(findingOf(model, role, [left.violation], target, left.callers));
    }
  }
}

/** Null when the function does something that cannot be put among the model's actors. */
function tryToPlay(...args: Parameters<typeof play>): ReturnType<typeof play> | null {
  try {
    return play(...args);
  } catch (error) {
    if (error instanceof ProgramError) return null;
    throw error;
  }
}

function findingOf(
  model: HazardModel,
  role: Role,
  violations: Violation[],
  target: FunctionInPatch,
  helpers: string[],
): Finding {
  const { fn, path } = target;
  const [first] = violations as [Violation];
  let main = first;
  let words = castWords(main, fn.name, helpers) ?? raceWords(main.schedule, fn.name);
  let hazard = main.schedule.violation.hazard;
  let at: Step | undefined;
  for (const lost of violations) {
    for (const used of violations) {
      const step = invertedTry(lost.schedule, used.schedule);
      if (step === null) continue;
      main = used;
      hazard = 'tryget-misuse';
      at = step;
      words = invertedTryWords(step, objectName(used.schedule));
    }
  }
  const inFunction = target.positions.filter((line) => line >= fn.line && line <= fn.endLine);
  const lines = main.schedule.steps
    .filter((s) => s.site.file === fn.file && s.site.function === fn.name)
    .map((s) => s.site.line);
  // All of it may happen in helpers: then the calls that lead to them are the way.
  const through = new Set(main.schedule.steps.map((s) => s.site.function));
  if (lines.length === 0)
    for (const { instr, line: at } of fn.cfg().nodes)
      if (instr.k === 'call' && typeof instr.callee === 'string' && through.has(instr.callee)) lines.push(at);
  const line = anchorLine(inFunction.length > 0 ? inFunction : target.positions, lines, at?.site.line ?? 0);
  return {
    id: fingerprint(hazard, path, fn.name, role.plays),
    hazard: model.id,
    class: hazard,
    confidence: main.cast.assumes.length > 0 ? 'likely' : 'proven',
    patch: target.patch,
    file: path,
    line,
    endLine: line,
    side: 'RIGHT',
    function: fn.name,
    title: words.title,
    message: words.message,
    assumptions: main.cast.assumes,
    schedule: main.schedule,
    replay: main.token,
    fix: null,
    consequences: violations
      // What the core calls the mistake itself is not one more consequence of it.
      .filter((v) => v !== main && v.schedule.violation.hazard !== hazard)
      .map((v) => ({
        class: v.schedule.violation.hazard,
        message: consequenceWords(v.schedule, fn.name),
        schedule: v.schedule,
        replay: v.token,
      })),
  };
}
