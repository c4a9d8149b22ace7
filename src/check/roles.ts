/**
 * Which role of a hazard model a function plays: by its types, by the fields it loads and assigns, by the kernel functions
 * it reaches, and by what its comment promises. Its own name says nothing, unless the name is the promise.
 *
 * Helpers in the same patch are looked into, up to a depth; of other functions only the names are seen.
 */
import type { CFunction, CUnit } from '../c/index.ts';
import { parseModel, pointee } from '../extract/index.ts';
import type { HazardModel, Role, Rules } from '../rules/index.ts';
import type { Side } from './side.ts';

const DEPTH = 3;

/**
 * Whether the structures that the source declares count references as the model does; a model without counts, or one that is
 * how the kernel is, needs none of them to be seen.
 */
export function agrees(model: HazardModel, side: Side, rules: Rules): boolean {
  const { unit } = parseModel(model, rules);
  let known = false;
  for (const decl of unit.structs.values()) {
    const tag = decl.name.replace(/^(struct|union) /, '');
    for (const field of decl.fields) {
      const type = side.declarations.field(tag, field.name);
      if (type === '') continue;
      const kind = rules.types.cellKind(type);
      const wanted = rules.types.cellKind(field.type);
      if (kind !== wanted && [kind, wanted].some((k) => k === 'ref' || k === 'percpu-ref')) return false;
      known ||= kind === wanted && kind !== 'int' && kind !== 'pointer';
    }
  }
  return known || model.default === true;
}

/** What a role is tried with: the function, what stood in its place before, and the comment above it. */
export interface Candidate {
  fn: CFunction;
  before: CFunction | null;
  comment: string;
}

/** Whether a function can fill the hole of the role. */
export function fits({ fn, before, comment }: Candidate, role: Role, units: CUnit[]): boolean {
  if (fn.complete === (role.piece === true)) return false;
  if (role.functions.length > 0 && !role.functions.includes(fn.name)) return false;
  if (role.returns !== undefined && resultOf(fn) !== pointee(role.returns)) return false;
  if (role.only === true && fn.params.length !== role.takes.length) return false;
  if (!hasParameters(fn, role.takes)) return false;
  if (role.documented !== undefined && !new RegExp(role.documented, 'i').test(`${fn.name} ${comment}`))
    return false;
  const field = (cell: string): string => cell.split('.')[1]!;
  if (!role.reads.every((cell) => mentions(fn, new RegExp(`(->|\\.)\\s*${field(cell)}\\b`), units, DEPTH)))
    return false;
  if (!role.writes.every((cell) => assigns(fn, field(cell), units, DEPTH))) return false;
  if (!role.calls.every((names) => reaches(fn, names, units, DEPTH))) return false;
  if (role.lacks.length > 0 && reaches(fn, role.lacks, units, DEPTH)) return false;
  if (role.removes.length > 0 && (before === null || !reaches(before, role.removes, units, 0))) return false;
  if (role.adds.length > 0 && (before === null || reaches(before, role.adds, units, 0))) return false;
  return role.uncalled.length === 0 || helpersUncalled(role.uncalled, units).isUncalled;
}

/** Name of the structure that a function returns a pointer to, or ''. */
export function resultOf(fn: CFunction): string {
  return pointee(`struct ${fn.returnType.replace(/^(static |inline |struct )+/, '')}`);
}

function hasParameters(fn: CFunction, takes: string[]): boolean {
  const rest = fn.params.map((p) => pointee(p.type));
  return takes.every((type) => {
    const at = rest.indexOf(pointee(type));
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  });
}

/** Names of the functions that `fn` calls. */
export function calleesOf(fn: CFunction): string[] {
  return fn
    .cfg()
    .nodes.flatMap((n) =>
      n.instr.k === 'call' && typeof n.instr.callee === 'string' ? [n.instr.callee] : [],
    );
}

/** Whether something holds for a function or, some calls further, for one in the same patch. */
function somewhere(fn: CFunction, units: CUnit[], depth: number, holds: (f: CFunction) => boolean): boolean {
  if (holds(fn)) return true;
  if (depth === 0) return false;
  return calleesOf(fn).some((name) => {
    const callee = units.flatMap((u) => u.functions).find((f) => f.name === name && f !== fn);
    return callee !== undefined && somewhere(callee, units, depth - 1, holds);
  });
}

function mentions(fn: CFunction, word: RegExp, units: CUnit[], depth: number): boolean {
  return somewhere(fn, units, depth, (f) => f.cfg().nodes.some((n) => word.test(n.text)));
}

function assigns(fn: CFunction, field: string, units: CUnit[], depth: number): boolean {
  const assignment = new RegExp(`(?:(->|\\.)\\s*${field}\\s*=[^=]|rcu_assign_pointer\\([^,]*\\b${field}\\b)`);
  return mentions(fn, assignment, units, depth);
}

/**
 * Whether nobody calls any of `names` but helpers that nobody calls; and those helpers. A helper that the patch brings
 * cannot be called from elsewhere.
 */
export function helpersUncalled(names: string[], units: CUnit[]): { isUncalled: boolean; helpers: string[] } {
  const functions = units.flatMap((u) => u.functions);
  const direct = functions.filter((f) => calleesOf(f).some((name) => names.includes(name)));
  const helpers = [...new Set(direct.map((f) => f.name))];
  const called = functions.some(
    (f) => !helpers.includes(f.name) && calleesOf(f).some((n) => helpers.includes(n)),
  );
  return { isUncalled: !called && direct.every((f) => f.complete), helpers };
}

/** Whether it calls, itself or through others, a function that has a finding. */
export function restsOn(fn: CFunction, faulty: Set<string>, units: CUnit[]): boolean {
  return faulty.size > 0 && reaches(fn, [...faulty], units, DEPTH);
}

/** Whether one of `names` is called, by the function or by one that it calls. */
export function reaches(fn: CFunction, names: string[], units: CUnit[], depth: number): boolean {
  return somewhere(fn, units, depth, (f) => calleesOf(f).some((name) => names.includes(name)));
}
