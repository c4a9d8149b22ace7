/**
 * Builds programs of hazard models: the structures of model.c become object types, its globals objects, its
 * functions actors. A function that plays a role takes the place of the one that model.c leaves out.
 */
import { type CFunction, type CType, type CUnit, parseUnit } from '../c/index.ts';
import type { Field } from '../c/ir.ts';
import type { Cast, HazardModel, Rules } from '../rules/index.ts';
import type { CellType, Instr, ObjectType, Program, Routine, ThreadDecl, Value } from '../sim/program.ts';
import { type LowerContext, lower } from './lower.ts';
import { type Declarations, pointee, structName } from './types.ts';

/** What a patch puts in the place of a part of the model. */
export interface Stand {
  /** The function that fills the hole. */
  fn: CFunction;
  /** Name of the hole. */
  plays: string;
  /** Bodies from the patch and its tree, before those of the model. */
  body(name: string): CFunction | null;
  declarations: Declarations;
}

export interface ModelUnit {
  model: HazardModel;
  unit: CUnit;
  types: ObjectType[];
}

const parsed = new WeakMap<HazardModel, ModelUnit>();

/** Puts model.c through the front end; done once for each model. */
export function parseModel(model: HazardModel, rules: Rules): ModelUnit {
  let known = parsed.get(model);
  if (known === undefined) {
    const unit = parseUnit(model.source, model.file);
    known = { model, unit, types: objectTypes(unit, rules) };
    parsed.set(model, known);
  }
  return known;
}

function objectTypes(unit: CUnit, rules: Rules): ObjectType[] {
  return [...unit.structs].map(([tag, decl]) => ({
    name: tag.replace(/^(struct|union) /, ''),
    cells: cellsOf(decl.fields, '', unit, rules),
  }));
}

/** The cells of a structure; those of a structure inside it have both names: `w.rcu`. */
function cellsOf(fields: Field[], path: string, unit: CUnit, rules: Rules): CellType[] {
  return fields.flatMap((field): CellType[] => {
    const name = path + field.name;
    const kind = rules.types.cellKind(field.type);
    const inner = kind === 'int' && !field.type.endsWith(']') ? unit.structs.get(field.type) : undefined;
    if (inner !== undefined) return cellsOf(inner.fields, `${name}.`, unit, rules);
    const target = pointee(field.type);
    return [
      {
        name,
        kind,
        ...(kind === 'pointer' && target !== '' ? { target } : {}),
        ...(field.union === '' ? {} : { union: path + field.union }),
      },
    ];
  });
}

/**
 * The program in which the actors of `cast` (as `function(object, …)`) run against each other.
 * @throws Error when an actor is not in model.c (a defect of the model).
 */
export function buildProgram(
  name: string,
  modelUnit: ModelUnit,
  cast: Cast,
  rules: Rules,
  stand: Stand | null,
): Program {
  const { unit, types, model } = modelUnit;
  const own = new Map(unit.functions.map((f) => [f.name, f]));
  const context = modelContext(modelUnit, own, rules, stand);
  const { threads: actors } = cast;
  const setup = cast.setup ?? model.setup;
  const routines = new Map<string, Routine>();
  const wanted = [setup, ...actors.map((a) => a.slice(0, a.indexOf('(')))];
  const objects = [...unit.globals]
    .filter(([, type]) => structName(type) !== '')
    .map(([global, type]) => ({ name: global, type: structName(type) }));
  while (wanted.length > 0) {
    const next = wanted.pop()!;
    if (next === '' || routines.has(next)) continue;
    const fn = context.body(next, []);
    if (fn === null) throw new Error(`${model.file}: there is no function ${next}`);
    const lowered = lower(fn, context);
    routines.set(next, lowered.routine);
    for (const local of lowered.locals)
      objects.push({ name: `%${local.name}`, type: structName(local.type) });
    for (const instr of lowered.routine.code) wanted.push(...routinesNamedBy(instr));
  }
  const threads = actors.map((actor, i): ThreadDecl => {
    const [routine, rest] = actor.replace(')', '').split('(') as [string, string];
    const args = rest
      .split(',')
      .map((a) => a.trim())
      .filter((a) => a !== '')
      .map((a) => (/^\d+$/.test(a) ? Number(a) : `@${a}`));
    return { name: routine, routine, args, cpu: i };
  });
  return { name, types, objects, routines: [...routines.values()], setup, threads };
}

/** Routines that an operation will run later. */
function routinesNamedBy(instr: Instr): string[] {
  switch (instr.op) {
    case 'rcu.call':
    case 'task-work.add':
    case 'work.queue':
    case 'timer.start':
    case 'call':
      return [instr.routine];
    case 'percpu.init':
      return [instr.release];
    default:
      return [];
  }
}

function modelContext(
  modelUnit: ModelUnit,
  own: Map<string, CFunction>,
  rules: Rules,
  stand: Stand | null,
): LowerContext {
  const { unit, types } = modelUnit;
  const cells = new Map(types.map((t) => [t.name, new Map(t.cells.map((c) => [c.name, c]))]));
  const field = (owner: string, name: string): CType =>
    unit.structs.get(`struct ${owner}`)?.fields.find((f) => f.name === name)?.type ?? '';
  const objects = new Set(
    [...unit.globals].filter(([, type]) => structName(type) !== '').map(([name]) => name),
  );
  const isOwn = (base: Value): boolean =>
    typeof base !== 'string' || !/^@[^%]/.test(base) || objects.has(base.slice(1));
  // Inside the patched function its own helpers count, around it those of the model.
  const body = (name: string, callers: readonly string[]): CFunction | null => {
    if (stand === null) return own.get(name) ?? null;
    if (name === stand.plays) return stand.fn;
    const inside = callers.includes(stand.fn.name);
    return (inside ? stand.body(name) : null) ?? own.get(name) ?? null;
  };
  return {
    vocabulary: rules.vocabulary,
    declarations: {
      field: (owner, name) => field(owner, name) || (stand?.declarations.field(owner, name) ?? ''),
      global: (name) => unit.globals.get(name) ?? stand?.declarations.global(name) ?? '',
      returns: (name) => body(name, [])?.returnType ?? '',
    },
    body,
    prefersBody: (name, callers) => body(name, callers) !== null,
    keeps: (place) => cells.get(place.type)?.has(place.cell) === true && isOwn(place.base),
    summary: () => null,
    hasObject: (name) => objects.has(name),
    gfpSleeps: rules.types.gfpSleeps,
    isCount: (place) => cells.get(place.type)?.get(place.cell)?.kind === 'ref',
    shows: (fn) => stand !== null && fn === stand.fn,
    errno: () => null,
    isConcurrent: true,
  };
}
