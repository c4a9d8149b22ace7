/**
 * Builds programs of hazard models: the structures of model.c become object types, its globals objects, its
 * functions actors. A function that plays a role takes the place of the one that model.c leaves out.
 */
import { type CFunction, type CType, type CUnit, parseUnit } from '../c/index.ts';
import type { Field } from '../c/ir.ts';
import type { Cast, HazardModel, Rules } from '../rules/index.ts';
import type {
  CellKind,
  CellType,
  Instr,
  ObjectType,
  Program,
  Routine,
  ThreadDecl,
  Value,
} from '../sim/program.ts';
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
  /** Functions of the source that the patch did not change; those that are mere wrappers are looked into. */
  helper(name: string): CFunction | null;
  declarations: Declarations;
  /** Parameters that the model passes, by type; they come first, whatever the function's own order. */
  takes: string[];
  /** The object that is the task which runs it. */
  current: string | undefined;
  /** What is passed to functions that are not known comes back. */
  lends: boolean;
  /** Whether steps inside of its helpers are shown as such. */
  inside: boolean;
  /** Cells that the source has in one union with cells of the model, and how the union is called. */
  overlays: { type: string; cell: string; kind: CellKind; union: string; over: string }[];
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
  const { unit, model } = modelUnit;
  const types = [...withOverlays(modelUnit.types, stand)];
  const own = new Map(unit.functions.map((f) => [f.name, f]));
  const context = modelContext({ ...modelUnit, types }, own, rules, stand);
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
    routines.set(next, dropUnused(onBehalfOf(stand, fn, lowered.routine)));
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
  // A local of a patched function may be of a type that the model does not know.
  const strangers = [...new Set(objects.map((o) => o.type))].filter((t) => !types.some((k) => k.name === t));
  types.push(...strangers.map((stranger) => ({ name: stranger, cells: [] })));
  return { name, types, objects, routines: [...routines.values()], setup, threads };
}

/** The structures of the model with the unions that the source has. */
function withOverlays(types: ObjectType[], stand: Stand | null): ObjectType[] {
  if (stand === null || stand.overlays.length === 0) return types;
  return types.map((type) => {
    const own = stand.overlays.filter((o) => o.type === type.name);
    const cells = type.cells.map((cell) => {
      const over = own.find((o) => o.over === cell.name);
      return over === undefined ? cell : { ...cell, union: over.union };
    });
    const added = own
      .filter((o) => !cells.some((cell) => cell.name === o.cell))
      .map((o): CellType => ({ name: o.cell, kind: o.kind, union: o.union }));
    return { ...type, cells: [...cells, ...added] };
  });
}

/** An actor that does nothing but call the hole is the patched function itself, to whoever reads the schedule. */
function onBehalfOf(stand: Stand | null, actor: CFunction, routine: Routine): Routine {
  const calls = actor.cfg().nodes.flatMap(({ instr }) => (instr.k === 'call' ? [instr.callee] : []));
  if (stand === null || calls.length !== 1 || calls[0] !== stand.plays) return routine;
  const sites = routine.sites.map((site) =>
    site.function === actor.name ? { ...site, function: stand.fn.name } : site,
  );
  return { ...routine, sites };
}

/** Without values that nobody looks at: an unknown one would be chosen in vain. */
function dropUnused(routine: Routine): Routine {
  let { code } = routine;
  for (;;) {
    const used = new Set<string>();
    for (const instr of code)
      for (const [key, field] of Object.entries(instr)) if (key !== 'dst') collectNames(field, used);
    const kept = code.filter(
      (i) => !((i.op === 'unknown' || i.op === 'calc' || i.op === 'set') && !used.has(i.dst)),
    );
    if (kept.length === code.length) return { ...routine, code };
    code = kept;
  }
}

function collectNames(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') into.add(value);
  else if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) collectNames(inner, into);
}

/** The function with the parameters that the model passes in front. */
function reordered(fn: CFunction, takes: string[]): CFunction {
  const rest = [...fn.params];
  const first = takes.map((type) => {
    const at = rest.findIndex((p) => pointee(p.type) === pointee(type));
    return rest.splice(at, 1)[0]!;
  });
  return {
    name: fn.name,
    file: fn.file,
    line: fn.line,
    endLine: fn.endLine,
    returnType: fn.returnType,
    params: [...first, ...rest],
    locals: fn.locals,
    isStatic: fn.isStatic,
    isInline: fn.isInline,
    contracts: fn.contracts,
    complete: true,
    damaged: fn.damaged,
    macro: '',
    heading: fn.heading,
    counts: () => fn.counts(),
    cfg: () => fn.cfg(),
  };
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
  const standing = stand === null ? null : reordered(stand.fn, stand.takes);
  const body = (name: string, callers: readonly string[]): CFunction | null => {
    if (stand === null) return own.get(name) ?? null;
    if (name === stand.plays) return standing;
    const inside = callers.includes(stand.fn.name);
    const patched = inside ? stand.body(name) : null;
    // A callback that the patch brings is entered by itself.
    return patched ?? own.get(name) ?? (callers.length === 0 ? stand.body(name) : null);
  };
  return {
    vocabulary: rules.vocabulary,
    declarations: {
      field: (owner, name) => field(owner, name) || (stand?.declarations.field(owner, name) ?? ''),
      global: (name) =>
        name === 'current' && stand?.current !== undefined
          ? `struct ${structName(unit.globals.get(stand.current) ?? '')} *`
          : (unit.globals.get(name) ?? stand?.declarations.global(name) ?? ''),
      returns: (name) => body(name, [])?.returnType ?? '',
    },
    body: (name, callers) => body(name, callers) ?? stand?.helper(name) ?? null,
    prefersBody: (name, callers) => body(name, callers) !== null,
    keeps: (place) =>
      (cells.get(place.type)?.has(place.cell) === true ||
        (place.cell === '' && rules.types.cellKind(place.type) === 'lock')) &&
      isOwn(place.base),
    touches: (place) =>
      stand !== null && cells.get(place.type)?.has(place.cell) === false && isOwn(place.base),
    summary: () => null,
    hasObject: (name) => objects.has(name),
    gfpSleeps: rules.types.gfpSleeps,
    isCount: (place) => cells.get(place.type)?.get(place.cell)?.kind === 'ref',
    shows: (fn) =>
      standing !== null && (fn === standing || (stand?.inside === true && fn === stand.body(fn.name))),
    errno: () => null,
    isConcurrent: true,
    lends: stand?.lends === true,
    current: stand?.current === undefined ? undefined : `@${stand.current}`,
  };
}
