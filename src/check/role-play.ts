/** Runs a function in a role: it takes the place of the hole in the model's C, and every cast of the role is explored. */
import type { CFunction, CUnit } from '../c/index.ts';
import { buildProgram, parseModel, type Stand } from '../extract/index.ts';
import type { HazardModel, Role, RoleCast, Rules } from '../rules/index.ts';
import { exploreAll, type Hazard, type Violates } from '../sim/index.ts';
import type { Program } from '../sim/program.ts';
import type { Side } from './side.ts';

/** A violation, the program it was found in, and the cast that was played. */
export type Violation = Violates & {
  program: Program;
  cast: RoleCast;
  /** The member that overwrites another one, where the role is about that; else ''. */
  member: string;
};

export interface Played {
  /** The first of each class, in the order of the casts. */
  violations: Violation[];
  executions: number;
  exhausted: boolean;
}

const MAX_MILLIS = 2000;

export function play(
  model: HazardModel,
  role: Role,
  fn: CFunction,
  side: Side,
  touched: Set<string>,
  rules: Rules,
  body: (name: string) => CFunction | null = bodies(side.units, touched),
): Played {
  const played: Played = { violations: [], executions: 0, exhausted: true };
  const overlays = role.overlays === undefined ? [] : overlaysOf(fn, role.overlays, side.units, rules);
  if (role.overlays !== undefined && overlays.length === 0) return played;
  const stand: Stand = {
    fn,
    plays: role.plays,
    body,
    helper: bodies(side.units, null),
    declarations: side.declarations,
    takes: role.takes,
    current: role.current,
    inside: role.inside === true,
    lends: role.lookup !== undefined,
    overlays,
  };
  for (const cast of role.against) {
    const threads = [...(role.thread === undefined ? [] : [role.thread]), ...cast.threads];
    const all = { ...(cast.setup === undefined ? {} : { setup: cast.setup }), threads };
    const program = buildProgram(`${model.id} ${fn.name}`, parseModel(model, rules), all, rules, stand);
    if (role.thread !== undefined) program.threads[0]!.name = fn.name;
    const { verdicts, executions, exhausted } = exploreAll(program, { maxMillis: MAX_MILLIS });
    played.executions += executions;
    played.exhausted &&= exhausted;
    for (const verdict of verdicts) {
      const { hazard } = verdict.schedule.violation;
      if (cast.classes !== undefined && !cast.classes.includes(hazard)) continue;
      if (played.violations.some((v) => v.schedule.violation.hazard === hazard)) continue;
      played.violations.push({ ...verdict, program, cast, member: overlays[0]?.cell ?? '' });
    }
  }
  return played;
}

/** Functions, or only those that the patch touches; the others are the model's or what the vocabulary says of them. */
function bodies(units: CUnit[], touched: Set<string> | null): (name: string) => CFunction | null {
  const known = new Map<string, CFunction>();
  for (const unit of units)
    for (const f of unit.functions)
      if (f.complete && (touched?.has(f.name) ?? true) && !known.has(f.name)) known.set(f.name, f);
  return (name) => known.get(name) ?? null;
}

/** Members that the function mentions of the union that `over` (`struct.field`) lies in. */
function overlaysOf(fn: CFunction, over: string, units: CUnit[], rules: Rules): Stand['overlays'] {
  const [type, field] = over.split('.') as [string, string];
  const text = fn
    .cfg()
    .nodes.map((n) => n.text)
    .join('\n');
  for (const unit of units) {
    const fields = unit.structs.get(`struct ${type}`)?.fields ?? [];
    const union = fields.find((f) => f.name === field)?.union ?? '';
    if (union === '') continue;
    return fields
      .filter(
        (f) => f.union === union && f.name !== field && new RegExp(`(->|\\.)\\s*${f.name}\\b`).test(text),
      )
      .map((f) => ({ type, cell: f.name, kind: rules.types.cellKind(f.type), union, over: field }));
  }
  return [];
}

export type { Hazard };
