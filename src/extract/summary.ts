/**
 * Summaries: what a call of a function does, for callers that do not look inside.
 *
 * A function is explored once by itself; each way in which it ends becomes an alternative of its summary: what
 * it returns, which locks, references and contexts it leaves changed, under which conditions on its
 * parameters. At a call one of the alternatives is chosen; what the caller knows rules out those that cannot be.
 *
 * Things are named by paths from parameters and globals. What cannot be named so is left out of the summary; a
 * function that was not explored to the end, or ends in too many ways, has none.
 */
import { CONTEXTS, exploreSequential, type Outcome, type SequentialResult } from '../sim/index.ts';
import type { Instr, LockKind, LockMode, Routine, Unknown, Value } from '../sim/program.ts';
import { fatesOf, requirementsOf } from './always.ts';
import type { Emitter } from './emit.ts';

/** `p->a.b` as a root and the cells that lead on, each loaded or only addressed. */
export interface Path {
  /** Index of a parameter, `@name`, or RETURNED. */
  root: number | string;
  steps: { how: 'load' | 'address'; cell: string }[];
}

/** The root of what is reached from the returned pointer. */
export const RETURNED = 'ret';

export interface Alternative {
  /** For each parameter, the signs it may have (see values.ts). */
  params: number[];
  returns: { mask: number; constant: number | null; path: Path | null; owned: string };
  locks: { path: Path; kind: LockKind; from: 'free' | LockMode; to: 'free' | LockMode }[];
  refs: { path: Path; delta: number; freed: boolean; moved: boolean }[];
  contexts: number[];
  sleeps: boolean;
}

export interface Summary {
  name: string;
  params: number;
  alternatives: Alternative[];
  /** Locks that are asserted to be held, whatever happens after. */
  requires: { path: Path; mode: LockMode }[];
  /** What may happen to each parameter: kept by storing it, or lent to code that is not known. */
  fates: ('kept' | 'lent' | 'left alone')[];
}

const MAX_ALTERNATIVES = 12;
const MAX_STATES = 1000;
const MAX_STEPS = 40_000;

/**
 * The summary of a routine (already sliced). `opaque` when it takes or drops locks in ways that cannot be told:
 * its callers then know nothing of locks after the call. Null when nothing is known, and nothing of that kind.
 */
export function summarise(routine: Routine, unsliced: Routine): Summary | 'opaque' | null {
  const hopeless = routine.code.some((i) => CHANGES.has(i.op)) ? 'opaque' : null;
  const result = exploreSequential(routine, { maxStates: MAX_STATES, maxSteps: MAX_STEPS });
  if (!result.exhausted) return hopeless;
  let alternatives = distinct(result.outcomes.map((o) => alternativeOf(o, result, routine.params)));
  if (alternatives.length > MAX_ALTERNATIVES) alternatives = coarser(alternatives);
  if (alternatives.length > MAX_ALTERNATIVES)
    return alternatives.every((a) => a.locks.length === 0 && a.contexts.every((c) => c === 0))
      ? null
      : hopeless;
  if (!isConsistent(alternatives)) return hopeless;
  return {
    name: routine.name,
    params: routine.params.length,
    alternatives,
    requires: requirementsOf(routine),
    fates: fatesOf(unsliced),
  };
}

const CHANGES = new Set<Instr['op']>([
  'lock',
  'trylock',
  'unlock',
  'rcu.enter',
  'rcu.exit',
  'context',
  'downgrade',
  'call',
]);

/**
 * Ends that a caller cannot tell apart must leave locks and contexts alike: where they do not, something was
 * misunderstood, and half an understanding is worse than none.
 */
function isConsistent(alternatives: Alternative[]): boolean {
  const byResult = new Map<string, string>();
  for (const a of alternatives) {
    const { mask, constant, path } = a.returns;
    const key = JSON.stringify([mask, constant, path, a.params]);
    const change = JSON.stringify([a.locks, a.contexts]);
    const known = byResult.get(key);
    if (known !== undefined && known !== change) return false;
    byResult.set(key, change);
  }
  return true;
}

function alternativeOf(outcome: Outcome, result: SequentialResult, params: string[]): Alternative {
  const path = (value: number): Path | null => pathOf(value, result, params);
  const { returns } = outcome;
  const owned = outcome.refs.find((r) => r.value === returns.value && r.state.owned);
  return {
    params: outcome.params,
    returns: {
      mask: returns.mask,
      constant: returns.constant,
      path: returns.constant === null ? path(returns.value) : null,
      owned: owned === undefined ? '' : owned.state.what,
    },
    locks: outcome.locks.flatMap((l) => {
      const at = pathOf(l.value, result, params, returns.constant === null ? returns.value : -1);
      return at === null ? [] : [{ path: at, kind: l.state.kind, from: l.state.entry, to: l.state.now }];
    }),
    refs: outcome.refs.flatMap((r) => {
      const at = path(r.value);
      // What a parameter points to may have been replaced in between: only parameters themselves are freed for sure.
      // References taken on what globals lead to are the function's own affair.
      if (
        at === null ||
        (typeof at.root !== 'number' && r.state.delta > 0) ||
        r === owned ||
        (r.state.freed && at.steps.length > 0)
      )
        return [];
      return [
        {
          path: at,
          delta: r.state.delta,
          freed: r.state.freed,
          moved: r.state.moved && r.value !== returns.value,
        },
      ];
    }),
    contexts: contextsWithoutLocks(outcome),
    sleeps: outcome.slept,
  };
}

/** Spinlocks change the preemption count by themselves; what is left is the function's own doing. */
function contextsWithoutLocks(outcome: Outcome): number[] {
  let spinning = 0;
  for (const { state } of outcome.locks) {
    if (state.kind === 'mutex' || state.kind === 'rwsem') continue;
    spinning += (state.now === 'free' ? 0 : 1) - (state.entry === 'free' ? 0 : 1);
  }
  return CONTEXTS.map((context, i) => outcome.contexts[i]! - (context === 'preempt' ? spinning : 0));
}

/** @param returned a value that is itself a root, when nothing else names it */
function pathOf(value: number, result: SequentialResult, params: string[], returned = -1): Path | null {
  const origin = result.values.origins[value]!;
  switch (origin.kind) {
    case 'root': {
      const index = params.indexOf(origin.name);
      if (index >= 0) return { root: index, steps: [] };
      return /^@[^%]/.test(origin.name) ? { root: origin.name, steps: [] } : null;
    }
    case 'initial':
    case 'address': {
      const base = pathOf(origin.base, result, params, returned);
      if (base === null) return null;
      return {
        ...base,
        steps: [...base.steps, { how: origin.kind === 'initial' ? 'load' : 'address', cell: origin.cell }],
      };
    }
    default:
      return value === returned ? { root: RETURNED, steps: [] } : null;
  }
}

/** Without what matters least: whether a way sleeps is said only where all that are else the same do. */
function coarser(alternatives: Alternative[]): Alternative[] {
  const byRest = new Map<string, Alternative>();
  for (const a of alternatives) {
    const key = JSON.stringify({ ...a, params: [], sleeps: false });
    const known = byRest.get(key);
    const sleeps = a.sleeps && (known?.sleeps ?? true);
    const params = known === undefined ? a.params : a.params.map((mask, i) => mask | known.params[i]!);
    byRest.set(key, { ...a, params, sleeps });
  }
  return [...byRest.values()];
}

function distinct(alternatives: Alternative[]): Alternative[] {
  const byEffect = new Map<string, Alternative>();
  for (const a of alternatives) {
    const key = JSON.stringify({ ...a, params: [] });
    const known = byEffect.get(key);
    // The same effect under several conditions: under any of them.
    if (known === undefined) byEffect.set(key, a);
    else byEffect.set(key, { ...a, params: a.params.map((mask, i) => mask | known.params[i]!) });
  }
  return [...byEffect.values()];
}

/**
 * Emits a call of a summarised function.
 * @returns the result's register
 */
export function emitSummary(emit: Emitter, summary: Summary, args: Value[], dst: string): void {
  const end = emit.label();
  const { alternatives } = summary;
  for (const { path, mode } of summary.requires) {
    const at = { base: walk(emit, path, args), type: '', cell: '' };
    emit.op({ op: 'assert-held', at, ...(mode === 'shared' ? { mode } : {}) });
  }
  if (alternatives.length === 0) emit.op({ op: 'assume', cond: 0 });
  alternatives.forEach((alternative, i) => {
    const next = emit.label();
    if (i < alternatives.length - 1) {
      const not = emit.temporary();
      const chosen = emit.temporary();
      emit.op({ op: 'unknown', dst: chosen, what: 'bool' });
      emit.op({ op: 'calc', dst: not, fn: 'eq', a: chosen, b: 0 });
      emit.op({ op: 'branch', cond: not, to: next });
    }
    emitAlternative(emit, alternative, args, dst);
    if (i < alternatives.length - 1) {
      emit.op({ op: 'jump', to: end });
      emit.place(next);
    }
  });
  emit.place(end);
  // Last, because what was lent may have been changed, and the effects name things as they were before.
  for (let i = 0; i < summary.params; i++) {
    const arg = args[i];
    if (typeof arg !== 'string' || summary.fates[i] === 'left alone') continue;
    // What is kept may have been written to as well.
    emit.op({ op: 'escape', value: arg, to: summary.name });
    if (summary.fates[i] === 'kept') emit.op({ op: 'escape', value: arg });
  }
}

function emitAlternative(emit: Emitter, alternative: Alternative, args: Value[], dst: string): void {
  alternative.params.forEach((mask, i) => {
    assumeSigns(emit, args[i] ?? 0, mask);
  });
  if (alternative.sleeps) emit.op({ op: 'sleep' });
  for (const lock of alternative.locks) if (lock.path.root !== RETURNED) emitLock(emit, lock, args, dst);
  const gone: Value[] = [];
  for (const { path, delta, freed, moved } of alternative.refs) {
    const object = walk(emit, path, args);
    const at = { base: object, type: '', cell: '' };
    for (let n = 0; n < delta; n++) emit.op({ op: 'ref.get', at, flavour: 'refcount' });
    for (let n = 0; n > delta; n--) emit.op({ op: 'ref.put', at, flavour: 'refcount' });
    if (moved) emit.op({ op: 'escape', value: object });
    if (freed) gone.push(object);
  }
  alternative.contexts.forEach((change, i) => {
    const what = CONTEXTS[i]!;
    for (let n = 0; n < Math.abs(change); n++) {
      if (what === 'rcu') emit.op({ op: change > 0 ? 'rcu.enter' : 'rcu.exit' });
      else emit.op({ op: 'context', what, change: change > 0 ? 1 : -1 });
    }
  });
  for (const object of gone) emit.op({ op: 'free', object });
  const { returns } = alternative;
  if (returns.constant !== null) emit.op({ op: 'set', dst, value: returns.constant });
  else if (returns.path !== null) emit.op({ op: 'set', dst, value: walk(emit, returns.path, args) });
  else if (returns.owned === 'memory') emit.op({ op: 'alloc', dst, type: '' });
  else emit.op({ op: 'unknown', dst, what: unknownOf(returns.mask) });
  if (returns.constant === null && returns.owned !== '' && returns.owned !== 'memory')
    emit.op({ op: 'own', object: dst, what: returns.owned });
  for (const lock of alternative.locks) if (lock.path.root === RETURNED) emitLock(emit, lock, args, dst);
}

function emitLock(emit: Emitter, lock: Alternative['locks'][number], args: Value[], dst: string): void {
  const { path, kind, from, to } = lock;
  const at = { base: walk(emit, path, args, dst), type: '', cell: '' };
  if (from !== 'free') emit.op({ op: 'unlock', at, kind, mode: from });
  if (to !== 'free') emit.op({ op: 'lock', at, kind, mode: to });
}

/** Rules the alternative out for arguments that cannot have these signs. */
function assumeSigns(emit: Emitter, value: Value, mask: number): void {
  const ZERO = 1;
  const NEGATIVE = 4;
  if (mask === 7) return;
  const holds = emit.temporary();
  if (mask === ZERO) emit.op({ op: 'calc', dst: holds, fn: 'eq', a: value, b: 0 });
  else if ((mask & ZERO) === 0 && mask !== NEGATIVE)
    emit.op({ op: 'calc', dst: holds, fn: 'ne', a: value, b: 0 });
  else if (mask === NEGATIVE) emit.op({ op: 'calc', dst: holds, fn: 'lt', a: value, b: 0 });
  else return;
  emit.op({ op: 'assume', cond: holds });
}

function walk(emit: Emitter, path: Path, args: Value[], returned = ''): Value {
  let at: Value =
    typeof path.root === 'number' ? (args[path.root] ?? 0) : path.root === RETURNED ? returned : path.root;
  for (const { how, cell } of path.steps) {
    const dst = emit.temporary();
    const place = { base: at, type: '', cell };
    emit.op(how === 'load' ? { op: 'load', dst, from: place } : { op: 'address', dst, of: place });
    at = dst;
  }
  return at;
}

function unknownOf(mask: number): Unknown {
  switch (mask) {
    case 1:
      return { among: [0] };
    case 2:
      return 'nonnull';
    case 3:
      return 'bool';
    case 4:
      return { among: [-12] };
    case 5:
      return 'zero-or-error';
    case 6:
      return 'pointer-or-error';
    default:
      return 'int';
  }
}
