/**
 * What of a routine holds whichever way it ends: which parameters it may keep or change, and which locks it
 * asserts before anything else. Read off its operations, without exploring it.
 */
import type { Instr, Routine, Value } from '../sim/program.ts';
import { returning, successors } from './flow.ts';
import type { Path, Summary } from './summary.ts';

/**
 * Follows parameters through copies, addresses, arithmetic and locals in memory to where they are stored or handed
 * on. A local that is lent lends what it holds.
 */
export function fatesOf({ code, params }: Routine): Summary['fates'] {
  const lentLocals = new Set<string>();
  for (const instr of code) {
    const out =
      instr.op === 'escape' || instr.op === 'store'
        ? instr.value
        : instr.op === 'address'
          ? instr.of.base
          : 0;
    if (typeof out === 'string' && out.startsWith('@%')) lentLocals.add(out);
  }
  const isPrivate = (base: Value): base is string =>
    typeof base === 'string' && base.startsWith('@%') && !lentLocals.has(base);
  const from = new Map<string, Set<number>>(params.map((p, i) => [p, new Set([i])]));
  const fates: Summary['fates'] = params.map(() => 'left alone');
  for (let changed = true; changed; ) {
    changed = false;
    for (const instr of code) {
      const flow = flowOf(instr, isPrivate);
      if (flow === null) continue;
      const known = from.get(flow.to) ?? new Set();
      const before = known.size;
      for (const source of flow.sources)
        if (typeof source === 'string') for (const i of from.get(source) ?? []) known.add(i);
      if (known.size === before) continue;
      from.set(flow.to, known);
      changed = true;
    }
  }
  const mark = (value: Value, fate: 'kept' | 'lent'): void => {
    if (typeof value !== 'string') return;
    for (const i of from.get(value) ?? []) if (fates[i] !== 'kept') fates[i] = fate;
  };
  // What is done on a way that does not come back (a BUG_ON that prints first) is of no interest to callers.
  const returns = returning(successors(code));
  for (const [i, instr] of code.entries()) {
    if (returns[i] === 0) continue;
    if (instr.op === 'escape') mark(instr.value, instr.to === undefined ? 'kept' : 'lent');
    else if (instr.op === 'rcu.call') mark(instr.arg, 'kept');
    else if (instr.op === 'store' && !isPrivate(instr.to.base)) {
      mark(instr.value, 'kept');
      mark(instr.to.base, 'lent');
    } else if (instr.op === 'rmw') {
      mark(instr.value, 'kept');
      mark(instr.at.base, 'lent');
    }
  }
  return fates;
}

/** Where the values that an instruction reads go, for copies and the like; null when nowhere of interest. */
function flowOf(instr: Instr, isPrivate: (base: Value) => boolean): { to: string; sources: Value[] } | null {
  switch (instr.op) {
    case 'set':
      return { to: instr.dst, sources: [instr.value] };
    case 'address':
      return { to: instr.dst, sources: [instr.of.base] };
    case 'container':
      return { to: instr.dst, sources: [instr.of] };
    case 'calc':
      return instr.fn === 'add' || instr.fn === 'or' || instr.fn === 'sub' || instr.fn === 'and'
        ? { to: instr.dst, sources: [instr.a, instr.b] }
        : null;
    case 'store':
      return isPrivate(instr.to.base)
        ? { to: `${instr.to.base} ${instr.to.cell}`, sources: [instr.value] }
        : null;
    case 'load':
      return isPrivate(instr.from.base)
        ? { to: instr.dst, sources: [`${instr.from.base} ${instr.from.cell}`] }
        : null;
    default:
      return null;
  }
}

/** The assertions that every call makes first: those before anything is decided or done to a lock. */
export function requirementsOf({ code, params }: Routine): Summary['requires'] {
  const paths = new Map<Value, Path>(params.map((p, i) => [p, { root: i, steps: [] }]));
  const of = (value: Value): Path | undefined =>
    typeof value === 'string' && /^@[^%]/.test(value) ? { root: value, steps: [] } : paths.get(value);
  const requires: Summary['requires'] = [];
  for (const instr of code) {
    switch (instr.op) {
      case 'set':
      case 'address':
      case 'load': {
        const [base, how, cell] =
          instr.op === 'set'
            ? [instr.value, null, '']
            : instr.op === 'load'
              ? [instr.from.base, 'load' as const, instr.from.cell]
              : [instr.of.base, 'address' as const, instr.of.cell];
        const path = of(base);
        if (path === undefined) paths.delete(instr.dst);
        else paths.set(instr.dst, how === null ? path : { ...path, steps: [...path.steps, { how, cell }] });
        break;
      }
      case 'assert-held': {
        const path = of(instr.at.base);
        if (path === undefined || instr.not === true) break;
        const { cell } = instr.at;
        const steps = cell === '' ? path.steps : [...path.steps, { how: 'address' as const, cell }];
        requires.push({ path: { ...path, steps }, mode: instr.mode ?? 'exclusive' });
        break;
      }
      case 'label':
      case 'sleep':
      case 'unknown':
      case 'escape':
      case 'calc':
        if ('dst' in instr) paths.delete(instr.dst);
        break;
      default:
        return requires;
    }
  }
  return requires;
}
