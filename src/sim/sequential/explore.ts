/**
 * The sequential explorer: one routine, run alone from an unknown environment, on every path.
 *
 * A worklist over (instruction, abstract state): equal states are merged where paths meet, so the cost grows
 * with states and not with paths. What comes out is the set of ways in which the routine ends (`Outcome`:
 * what it returns, which locks, references and contexts it leaves changed) and what went wrong on the way
 * (`Incident`), each with the shortest path that shows it. Whether an outcome is a mistake is not decided
 * here: only a comparison of outcomes can tell a leak from a function that hands out references.
 *
 * It does not model other threads, and knows of aliases only what assignments show.
 */
import type { Hazard, Routine } from '../program.ts';
import { type Compiled, compile } from './compile.ts';
import { isRooted, type LockState, type RefState, State, type Trail } from './state.ts';
import { step } from './step.ts';
import { ANY, type ValueId, Values } from './values.ts';

export interface PathStep {
  /** Index into the routine's code. */
  pc: number;
  note: string;
}

export interface LockChange {
  /** Name of the lock as a path from a parameter or global: `o->lock`. */
  lock: string;
  value: ValueId;
  state: LockState;
}

export interface RefChange {
  object: string;
  value: ValueId;
  state: RefState;
  /** Held by what the caller can reach: a parameter, a global, or what is returned. */
  reachable: boolean;
}

export interface Outcome {
  /** What is returned: a constant, an object's name, or what is known of its sign. */
  returns: { mask: number; constant: number | null; object: string; value: ValueId };
  locks: LockChange[];
  refs: RefChange[];
  /** Net change of each of CONTEXTS. */
  contexts: number[];
  /** Something on the way may sleep. */
  slept: boolean;
  /** What the path shows of the parameters, as sign masks. */
  params: number[];
  path: PathStep[];
}

export interface Incident {
  hazard: Hazard;
  /** What it is about, by name. */
  object: string;
  pc: number;
  /** Holds only as long as nothing else keeps the object: worth saying when it is new, not of code as it stands. */
  weak: boolean;
  /** An earlier instruction that made this one wrong (the free, the unlock), or -1. */
  because: number;
  path: PathStep[];
}

export interface SequentialResult {
  outcomes: Outcome[];
  incidents: Incident[];
  /** Loans (see `Loan`) after which somebody gave up what was lent: these functions do not keep it. */
  givenBack: Set<string>;
  /** Cells of locks that some path took before anything else was done to them: they were free at the start. */
  takenFirst: Set<string>;
  values: Values;
  /** False when the budget ended before every state had been seen. */
  exhausted: boolean;
  states: number;
}

export interface SequentialOptions {
  /** Abstract states to visit before giving up. */
  maxStates?: number;
  /** Instructions to run before giving up. */
  maxSteps?: number;
}

/** Everything a step may need besides the state. */
export interface Run {
  compiled: Compiled;
  values: Values;
  incidents: Map<string, Incident>;
  givenBack: Set<string>;
  takenFirst: Set<string>;
  push(state: State): void;
  end(state: State, value: ValueId): void;
  incident(state: State, hazard: Hazard, value: ValueId, pc: number, because: number, weak?: boolean): void;
}

export function exploreSequential(routine: Routine, options: SequentialOptions = {}): SequentialResult {
  const compiled = compile(routine);
  const values = new Values();
  const maxStates = options.maxStates ?? 10_000;
  const maxSteps = options.maxSteps ?? 400_000;
  const queue: State[] = [];
  const seen = new Set<string>();
  const outcomes = new Map<string, Outcome>();
  const incidents = new Map<string, Incident>();
  let states = 0;
  let steps = 0;

  const run: Run = {
    compiled,
    values,
    incidents,
    givenBack: new Set(),
    takenFirst: new Set(),
    push(state) {
      queue.push(state);
    },
    end(state, value) {
      const outcome = outcomeOf(state, value, values, compiled);
      const key = outcomeKey(outcome);
      const known = outcomes.get(key);
      if (known === undefined || known.path.length > outcome.path.length) outcomes.set(key, outcome);
    },
    incident(state, hazard, value, pc, because, weak = false) {
      const object = nameOf(value, values, compiled);
      const key = `${hazard} ${object} ${pc}`;
      const path = pathOf(state.trail);
      const known = incidents.get(key);
      if (known === undefined || known.path.length > path.length)
        incidents.set(key, { hazard, object, weak, pc, because, path });
    },
  };

  const first = new State(null);
  for (const p of routine.params) first.registers.set(compiled.registers.get(p)!, values.root(p));
  queue.push(first);
  // First in, first out: the first path to reach a state is a shortest one.
  for (let head = 0; head < queue.length && states < maxStates && steps < maxSteps; head++) {
    let state: State | null = queue[head]!;
    queue[head] = undefined as never;
    while (state !== null) {
      if (compiled.join[state.pc] === true) {
        state.prune(compiled, values);
        const key = state.key();
        if (seen.has(key)) break;
        seen.add(key);
        states++;
        if (states >= maxStates) break;
      }
      if (++steps >= maxSteps) break;
      state = step(state, run);
    }
  }
  return {
    outcomes: [...outcomes.values()],
    incidents: [...incidents.values()],
    givenBack: run.givenBack,
    takenFirst: run.takenFirst,
    values,
    exhausted: states < maxStates && steps < maxSteps,
    states,
  };
}

export function pathOf(trail: Trail | null): PathStep[] {
  const path: PathStep[] = [];
  for (let t = trail; t !== null; t = t.prev) path.push({ pc: t.pc, note: t.note });
  return path.reverse();
}

function outcomeOf(state: State, value: ValueId, values: Values, compiled: Compiled): Outcome {
  const constant = state.equals.get(value) ?? values.constantOf(value) ?? null;
  const mask = (state.masks.get(value) ?? ANY) & values.masks[value]!;
  const returned = new Set(values.pointsInto(value));
  return {
    returns: {
      mask,
      constant,
      object: constant === null ? nameOf(value, values, compiled) : String(constant),
      value,
    },
    locks: [...state.locks]
      .filter(([, s]) => !s.clouded && (s.entry !== s.now || s.depth > 1))
      .map(([v, s]) => ({ lock: nameOf(v, values, compiled), value: v, state: s })),
    refs: [...state.refs]
      .filter(
        ([v, r]) =>
          r.delta !== 0 ||
          r.memory ||
          r.freed ||
          (r.moved && (isRooted(v, values) || (r.what === 'memory' && v === value))),
      )
      .map(([v, r]) => ({
        object: nameOf(v, values, compiled),
        value: v,
        state: r,
        reachable: returned.has(v) || isRooted(v, values),
      })),
    contexts: state.contexts.map((c) => (state.clouded ? 0 : c)),
    slept: state.slept,
    params: compiled.routine.params.map((name) => {
      const root = values.root(name);
      return (state.masks.get(root) ?? ANY) & values.masks[root]!;
    }),
    path: pathOf(state.trail),
  };
}

function outcomeKey(o: Outcome): string {
  return [
    o.returns.object,
    o.returns.mask,
    o.locks
      .map((l) => `${l.lock}${l.state.entry}${l.state.now}${l.state.depth}`)
      .sort()
      .join(),
    o.refs
      .map(
        (r) =>
          `${r.object}${r.state.delta}${r.state.memory}${r.state.freed}${r.state.moved}${r.state.lent.length > 0}`,
      )
      .sort()
      .join(),
    o.contexts.join(),
    o.slept,
    o.params.join(),
  ].join('|');
}

/** A value as a person would write it: `p`, `p->next`, `p->lock`, the text of the call that made it. */
export function nameOf(id: ValueId, values: Values, compiled: Compiled): string {
  const origin = values.origins[id]!;
  switch (origin.kind) {
    case 'constant':
      return String(origin.value);
    case 'root':
      return origin.name.replace(/^@/, '');
    case 'initial':
      if (origin.cell === '') {
        const base = values.origins[origin.base]!;
        const pointer = nameOf(origin.base, values, compiled);
        // What a global holds goes by the global's name.
        return base.kind === 'root' && base.name.startsWith('@') ? pointer : `*${pointer}`;
      }
      return member(nameOf(origin.base, values, compiled), origin.cell, origin.base, values);
    case 'address':
      return member(nameOf(origin.base, values, compiled), origin.cell, origin.base, values);
    case 'made': {
      const instr = compiled.code[origin.pc]!;
      const site = instr.site === undefined ? undefined : compiled.routine.sites[instr.site];
      if ('dst' in instr && typeof instr.dst === 'string' && !instr.dst.startsWith('%')) return instr.dst;
      const made = site?.text ?? `value of ${instr.op}`;
      return origin.older ? `earlier ${made}` : made;
    }
    case 'calc':
      return `${nameOf(origin.a, values, compiled)} ${origin.fn} ${nameOf(origin.b, values, compiled)}`;
  }
}

function member(base: string, cell: string, baseId: ValueId, values: Values): string {
  const origin = values.origins[baseId]!;
  return origin.kind === 'root' && origin.name.startsWith('@') ? `${base}.${cell}` : `${base}->${cell}`;
}
