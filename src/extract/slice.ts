/**
 * Slicing: drops from a routine what cannot change a lock, a count, a lifetime, a context or the result.
 *
 * Kept are the operations with such an effect, the accesses to objects that the routine may free or put, what
 * their operands are computed from, and the branches that decide whether they run. A branch that decides
 * nothing any more becomes a jump to where its sides meet (its immediate post-dominator).
 */
import type { Instr, Op, Routine, Value } from '../sim/program.ts';
import { Flow, isDeadEnd } from './flow.ts';

const EFFECTS = new Set<Op['op']>([
  'lock',
  'trylock',
  'unlock',
  'downgrade',
  'upgrade',
  'assert-held',
  'ref.init',
  'ref.get',
  'ref.tryget',
  'ref.put',
  'own',
  'disown',
  'percpu.init',
  'percpu.get',
  'percpu.tryget',
  'percpu.put',
  'percpu.kill',
  'percpu.reinit',
  'percpu.exit',
  'rcu.enter',
  'rcu.exit',
  'rcu.synchronize',
  'rcu.call',
  'rcu.barrier',
  'context',
  'sleep',
  'wait',
  'wake',
  'complete',
  'wait-completion',
  'task-work.add',
  'task-work.run',
  'work.queue',
  'work.flush',
  'timer.start',
  'timer.stop',
  'alloc',
  'free',
  'return',
  'assert',
  'call',
]);

/** The routine with only what matters; sites are kept as they are. */
export function slice(routine: Routine): Routine {
  const { code } = routine;
  const graph = new Flow(code);
  const family = objectRegisters(code);
  const kept = new Uint8Array(code.length);
  const registers = new Set<string>();
  const cells = new Set<string>();
  const work: number[] = [];
  const keep = (i: number): void => {
    if (kept[i] === 1) return;
    kept[i] = 1;
    work.push(i);
  };
  const writers = new Map<string, number[]>();
  const stores = new Map<string, number[]>();
  code.forEach((instr, i) => {
    if ('dst' in instr && typeof instr.dst === 'string') push(writers, instr.dst, i);
    if (instr.op === 'store' || instr.op === 'rmw' || instr.op === 'cmpxchg')
      push(stores, placeOf(instr).cell, i);
    if (instr.op === 'copy') push(stores, `object ${instr.to}`, i);
    if (instr.op === 'escape' && instr.to !== undefined) push(stores, `object ${instr.value}`, i);
    if (EFFECTS.has(instr.op) || touchesFamily(instr, family)) keep(i);
  });
  const need = (value: Value): void => {
    if (typeof value !== 'string' || value.startsWith('@') || registers.has(value)) return;
    registers.add(value);
    for (const i of writers.get(value) ?? []) keep(i);
  };
  while (work.length > 0) {
    const i = work.pop()!;
    const instr = code[i]!;
    for (const value of operands(instr)) need(value);
    for (const b of graph.controllers(i)) keep(b);
    if (instr.op !== 'load' || cells.has(`${instr.from.base}.${instr.from.cell}`)) continue;
    cells.add(`${instr.from.base}.${instr.from.cell}`);
    for (const s of stores.get(instr.from.cell) ?? []) keep(s);
    // A store through a pointer may be to any cell.
    for (const s of stores.get('') ?? []) keep(s);
    for (const s of stores.get(`object ${instr.from.base}`) ?? []) keep(s);
  }
  return { ...routine, code: rebuild(code, kept, graph) };
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function placeOf(instr: Extract<Op, { op: 'store' | 'rmw' | 'cmpxchg' }>) {
  return instr.op === 'store' ? instr.to : instr.at;
}

/**
 * Registers that may hold an object which is counted, allocated or freed here: copies are followed, and cells
 * that are loaded and stored through the same register, so that a pointer kept in memory is known again.
 */
function objectRegisters(code: Instr[]): Set<string> {
  const family = new Set<string>();
  const linked = new Map<string, string[]>();
  const link = (a: string, b: string): void => {
    push(linked, a, b);
    push(linked, b, a);
  };
  const work: string[] = [];
  const add = (value: Value): void => {
    if (typeof value !== 'string' || family.has(value)) return;
    family.add(value);
    work.push(value);
  };
  for (const instr of code) {
    switch (instr.op) {
      case 'own':
      case 'disown':
      case 'free':
        add(instr.object);
        break;
      case 'alloc':
        add(instr.dst);
        break;
      case 'rcu.call':
        add(instr.arg);
        break;
      case 'load':
        link(instr.dst, `${instr.from.base} ${instr.from.cell}`);
        break;
      case 'store':
        if (typeof instr.value === 'string') link(instr.value, `${instr.to.base} ${instr.to.cell}`);
        break;
      default: {
        const from = sourceOf(instr);
        if (from !== null) link((instr as { dst: string }).dst, from);
        else if (instr.op.startsWith('ref.') || instr.op.startsWith('percpu.'))
          add((instr as Extract<Op, { op: 'ref.get' }>).at.base);
      }
    }
  }
  while (work.length > 0) for (const next of linked.get(work.pop()!) ?? []) add(next);
  return family;
}

/** The register that an instruction's result points into, for copies and addresses of cells. */
function sourceOf(instr: Instr): string | null {
  const value =
    instr.op === 'set'
      ? instr.value
      : instr.op === 'address'
        ? instr.of.base
        : instr.op === 'container'
          ? instr.of
          : null;
  return typeof value === 'string' && !value.startsWith('@') ? value : null;
}

/** Accesses to such objects, and whatever lets them get away. */
function touchesFamily(instr: Instr, family: Set<string>): boolean {
  const has = (value: Value): boolean => typeof value === 'string' && family.has(value);
  switch (instr.op) {
    case 'load':
      return has(instr.from.base);
    case 'store':
      return has(instr.to.base) || has(instr.value);
    case 'rmw':
      return has(instr.at.base) || has(instr.value);
    case 'cmpxchg':
      return has(instr.at.base) || has(instr.value);
    case 'access':
      return has(instr.at.base);
    case 'copy':
      return has(instr.to) || has(instr.from);
    case 'escape':
      return has(instr.value);
    default:
      return false;
  }
}

/** Values that an instruction reads. */
function operands(instr: Instr): Value[] {
  const out: Value[] = [];
  for (const field of Object.values(instr)) {
    if (typeof field === 'object' && field !== null && 'base' in field) out.push(field.base as Value);
  }
  switch (instr.op) {
    case 'set':
    case 'store':
    case 'rmw':
    case 'escape':
      out.push(instr.value);
      break;
    case 'calc':
      out.push(instr.a, instr.b);
      break;
    case 'branch':
    case 'assume':
    case 'assert':
      out.push(instr.cond);
      break;
    case 'call':
      out.push(...instr.args);
      break;
    case 'return':
      if (instr.value !== undefined) out.push(instr.value);
      break;
    case 'cmpxchg':
      out.push(instr.expect, instr.value);
      break;
    case 'copy':
      out.push(instr.to, instr.from);
      break;
    case 'container':
      out.push(instr.of);
      break;
    case 'free':
    case 'own':
    case 'disown':
      out.push(instr.object);
      break;
    case 'rcu.call':
    case 'task-work.add':
    case 'work.queue':
    case 'timer.start':
      out.push(instr.arg);
      break;
  }
  return out;
}

function rebuild(code: Instr[], kept: Uint8Array, graph: Flow): Instr[] {
  const out: Instr[] = [];
  const extra = new Map<number, string>();
  code.forEach((instr, i) => {
    if (instr.op === 'branch' && kept[i] === 0) {
      const meet = graph.meets[i]!;
      if (meet !== graph.exit && meet !== -1) extra.set(meet, `M${meet}`);
    }
  });
  code.forEach((instr, i) => {
    const label = extra.get(i);
    if (label !== undefined) out.push({ op: 'label', name: label });
    if (instr.op === 'label' || instr.op === 'jump' || instr.op === 'assume' || kept[i] === 1)
      out.push(instr);
    else if (instr.op === 'branch') {
      const meet = extra.get(graph.meets[i]!);
      out.push(meet === undefined ? { op: 'assume', cond: 0 } : { op: 'jump', to: meet });
    }
  });
  return compact(out);
}

/** Drops what cannot be reached and labels nobody goes to. */
function compact(code: Instr[]): Instr[] {
  const labels = new Map<string, number>();
  code.forEach((instr, i) => {
    if (instr.op === 'label') labels.set(instr.name, i);
  });
  const reached = new Uint8Array(code.length);
  const targets = new Set<string>();
  const work = [0];
  while (work.length > 0) {
    const i = work.pop()!;
    if (i >= code.length || reached[i] === 1) continue;
    reached[i] = 1;
    const instr = code[i]!;
    if (instr.op === 'jump' || instr.op === 'branch') {
      targets.add(instr.to);
      work.push(labels.get(instr.to)!);
      if (instr.op === 'jump') continue;
    }
    if (instr.op !== 'return' && !isDeadEnd(instr)) work.push(i + 1);
  }
  const live = code.filter(
    (instr, i) => reached[i] === 1 && (instr.op !== 'label' || targets.has(instr.name)),
  );
  return live.filter((instr, i) => {
    const after = live[i + 1];
    return !(instr.op === 'jump' && after?.op === 'label' && after.name === instr.to);
  });
}
