/**
 * Callers that a patch leaves behind: a function now returns a reference, and who calls it in the same file and was not changed
 * never puts it.
 *
 * A caller takes the role of the model's caller, the lookup itself is the model's. What a caller passes the object to and is not
 * known is assumed to leave the reference alone; that is said. One finding for all callers, at the function that was changed.
 */
import type { CFunction } from '../c/index.ts';
import { parseModel } from '../extract/index.ts';
import type { HazardModel, Role } from '../rules/index.ts';
import { ProgramError } from '../sim/index.ts';
import type { FunctionInPatch, Surroundings } from './path-findings.ts';
import { play, type Violation } from './role-play.ts';
import { calleesOf, resultOf } from './roles.ts';

const MOST_CALLERS = 12;

export interface LeftBehind {
  callers: string[];
  /** Of the first of them. */
  violation: Violation;
  executions: number;
}

/** Null when every caller puts what it gets, or none can be seen. */
export function callersLeftBehind(
  model: HazardModel,
  role: Role,
  target: FunctionInPatch,
  { post, touched, rules }: Surroundings,
): LeftBehind | null {
  const lookup = parseModel(model, rules).unit.functions.find((f) => f.name === role.lookup) ?? null;
  const callers = (post.units[0]?.functions ?? []).filter(
    (f) =>
      f.complete &&
      !touched.has(f.name) &&
      calleesOf(f).includes(target.fn.name) &&
      // Who hands it on owes nothing.
      resultOf(f) !== resultOf(target.fn),
  );
  const found: { fn: CFunction; violation: Violation }[] = [];
  let executions = 0;
  for (const fn of callers.slice(0, MOST_CALLERS)) {
    try {
      const played = play(model, role, fn, post, touched, rules, (name) =>
        name === target.fn.name ? lookup : null,
      );
      executions += played.executions;
      const [violation] = played.violations;
      if (violation !== undefined) found.push({ fn, violation });
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
    }
  }
  const [first] = found;
  return first === undefined
    ? null
    : { callers: found.map(({ fn }) => fn.name), violation: first.violation, executions };
}
