/**
 * Findings of a function against other threads: it takes the role of a hazard model that it fits, the model's
 * actors play the others, and the core explores.
 *
 * A model fits when the structures that both it and the source declare agree, and a role fits a function by its
 * types and by the fields it reads; the function's name says nothing.
 */
import type { CFunction, CUnit } from '../c/index.ts';
import { buildProgram, parseModel, pointee } from '../extract/index.ts';
import type { HazardModel, Role } from '../rules/index.ts';
import { exploreAll, type Violates } from '../sim/index.ts';
import type { Program, Step } from '../sim/program.ts';
import { anchorLine } from './anchor.ts';
import type { Finding } from './finding.ts';
import { fingerprint } from './fingerprint.ts';
import type { FunctionInPatch, Surroundings } from './path-findings.ts';
import { consequenceWords, invertedTry, invertedTryWords, objectName, raceWords } from './race-words.ts';
import { type Programs, rememberProgram } from './replay.ts';
import type { Side } from './side.ts';

/** A violation and the program that it was found in. */
type Violation = Violates & { program: Program };

export interface RoleReview {
  findings: Finding[];
  executions: number;
  /** Models that could not be explored to the end. */
  unfinished: string[];
}

export function reviewRoles(target: FunctionInPatch, around: Surroundings, programs: Programs): RoleReview {
  const review: RoleReview = { findings: [], executions: 0, unfinished: [] };
  if (calls(target.fn, around.faulty)) return review;
  for (const model of around.rules.models) {
    if (!agrees(model, around)) continue;
    for (const [name, role] of Object.entries(model.roles)) {
      if (!fits(target.fn, role, around.post.units)) continue;
      const after = play(model, role, target.fn, around, around.post);
      review.executions += after.executions;
      if (!after.exhausted) review.unfinished.push(`${model.id}: ${name}`);
      if (after.violations.length === 0) continue;
      const before =
        target.before !== null && fits(target.before, role, around.pre.units)
          ? play(model, role, target.before, around, around.pre).violations.map(
              (v) => v.schedule.violation.hazard,
            )
          : [];
      const fresh = after.violations.filter((v) => !before.includes(v.schedule.violation.hazard));
      if (fresh.length === 0) continue;
      for (const { program } of fresh) rememberProgram(programs, program);
      review.findings.push(findingOf(model, role, fresh, target));
    }
  }
  return review;
}

/** Whether the structures that the source declares have the kinds of cells that the model gives them. */
function agrees(model: HazardModel, around: Surroundings): boolean {
  const { unit } = parseModel(model, around.rules);
  let known = false;
  for (const decl of unit.structs.values()) {
    const tag = decl.name.replace(/^(struct|union) /, '');
    for (const field of decl.fields) {
      const type = around.post.declarations.field(tag, field.name);
      if (type === '') continue;
      const kind = around.rules.types.cellKind(type);
      if (kind !== around.rules.types.cellKind(field.type)) return false;
      known ||= kind !== 'int' && kind !== 'pointer';
    }
  }
  return known || model.default === true;
}

function fits(fn: CFunction, role: Role, units: CUnit[]): boolean {
  if (!fn.complete || fn.params.length !== role.takes.length) return false;
  if (pointee(`struct ${fn.returnType.replace(/^(static |inline |struct )+/, '')}`) !== pointee(role.returns))
    return false;
  if (!role.takes.every((type, i) => pointee(fn.params[i]!.type) === pointee(type))) return false;
  return role.reads.every((cell) => reads(fn, cell.split('.')[1]!, units, 3));
}

function calls(fn: CFunction, names: Set<string>): boolean {
  return fn
    .cfg()
    .nodes.some(
      (n) => n.instr.k === 'call' && typeof n.instr.callee === 'string' && names.has(n.instr.callee),
    );
}

/** Whether a function, or one it calls, mentions a field. */
function reads(fn: CFunction, field: string, units: CUnit[], depth: number): boolean {
  const { nodes } = fn.cfg();
  const word = new RegExp(`(->|\\.)\\s*${field}\\b`);
  if (nodes.some((n) => word.test(n.text))) return true;
  if (depth === 0) return false;
  return nodes.some((n) => {
    if (n.instr.k !== 'call' || typeof n.instr.callee !== 'string') return false;
    const name = n.instr.callee;
    const callee = units.flatMap((u) => u.functions).find((f) => f.name === name);
    return callee !== undefined && reads(callee, field, units, depth - 1);
  });
}

interface Played {
  violations: Violation[];
  executions: number;
  exhausted: boolean;
}

/** Runs the function against every cast of the role; the first violation of each class counts. */
function play(model: HazardModel, role: Role, fn: CFunction, around: Surroundings, side: Side): Played {
  const bodies = new Map<string, CFunction>();
  for (const unit of side.units)
    for (const f of unit.functions) if (f.complete && !bodies.has(f.name)) bodies.set(f.name, f);
  const stand = {
    fn,
    plays: role.plays,
    body: (name: string) => (around.touched.has(name) ? (bodies.get(name) ?? null) : null),
    declarations: side.declarations,
  };
  const played: Played = { violations: [], executions: 0, exhausted: true };
  for (const { setup, threads } of role.against) {
    const cast = { setup, threads: [role.thread, ...threads] };
    const program = buildProgram(
      `${model.id} ${fn.name}`,
      parseModel(model, around.rules),
      cast,
      around.rules,
      stand,
    );
    program.threads[0]!.name = fn.name;
    const { verdicts, executions, exhausted } = exploreAll(program, { maxMillis: 2000 });
    played.executions += executions;
    played.exhausted &&= exhausted;
    for (const verdict of verdicts) {
      const { hazard } = verdict.schedule.violation;
      if (played.violations.some((v) => v.schedule.violation.hazard === hazard)) continue;
      played.violations.push({ ...verdict, program });
    }
  }
  return played;
}

function findingOf(
  model: HazardModel,
  role: Role,
  violations: Violation[],
  target: FunctionInPatch,
): Finding {
  const { fn, path } = target;
  const [first] = violations as [Violation];
  let main = first;
  let words = raceWords(main.schedule, fn.name);
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
  const line = anchorLine(inFunction.length > 0 ? inFunction : target.positions, lines, at?.site.line ?? 0);
  return {
    id: fingerprint(hazard, path, fn.name, role.plays),
    hazard: model.id,
    class: hazard,
    confidence: 'proven',
    patch: target.patch,
    file: path,
    line,
    endLine: line,
    side: 'RIGHT',
    function: fn.name,
    title: words.title,
    message: words.message,
    assumptions: [],
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
