/** Routines as text for the sequential explorer's tests, and what it says of them as lines. */
import {
  CONTEXTS,
  exploreSequential,
  type Outcome,
  type PathStep,
  type Routine,
  type SequentialResult,
} from '../../../src/sim/index.ts';
import { parseProgram } from '../../../src/sim/text.ts';

/** What every routine may use: locks `l` and `m`, a global `g`, objects with a count and a lock. */
const DECLARATIONS = `
type object { ref: ref; pref: percpu-ref; lock: lock; cb: callback; v: int; w: int; next: pointer }
var l: lock, m: lock, g: pointer
`;

/** The routine of a text in the language of src/sim/text.ts, without its head. */
export function routine(body: string, params = 'p, n'): Routine {
  const { program } = parseProgram(`${DECLARATIONS}routine f(${params})\n${body.trim()}`);
  return program.routines[0]!;
}

export interface Seen {
  /** Ways to end: what is returned, and what is left changed. Sorted, each once. */
  ends: string[];
  /** `hazard object @line of the body`, sorted; `?` in front where it holds only if nothing else keeps the object. */
  incidents: string[];
  result: SequentialResult;
  routine: Routine;
}

export function see(body: string, params?: string): Seen {
  const one = routine(body, params);
  const result = exploreSequential(one);
  return {
    ends: [...new Set(result.outcomes.map(showOutcome))].sort(),
    incidents: result.incidents
      .map((i) => `${i.weak ? '?' : ''}${i.hazard} ${i.object} @${line(one, i.pc)}`)
      .sort(),
    result,
    routine: one,
  };
}

/** The line of the body, from 1, that an instruction stands on. */
export function line(one: Routine, pc: number): number {
  const site = one.code[pc]?.site;
  return site === undefined ? 0 : one.sites[site]!.line - DECLARATIONS.split('\n').length;
}

export function lines(one: Routine, path: PathStep[]): string[] {
  return path.map((s) => `${line(one, s.pc)}${s.note === '' ? '' : ` ${s.note}`}`);
}

const SIGNS = ['nothing', 'zero', 'positive', '>=0', 'negative', '<=0', 'nonzero', 'any'];

/** `0`, `p`, `nonzero v` and the like, then each change: `l held`, `p +1`, `rcu +1`. */
export function showOutcome(o: Outcome): string {
  const { constant, mask, object } = o.returns;
  const changes = [
    ...o.locks.map((l) => `${l.lock} ${l.state.entry}>${l.state.now}`),
    // That something which nobody can reach any more was freed is of no interest.
    ...o.refs
      .filter((r) => r.state.delta !== 0 || r.state.memory || r.reachable)
      .map(
        (r) =>
          `${r.object}${r.state.delta === 0 ? '' : ` ${r.state.delta > 0 ? '+' : ''}${r.state.delta}`}` +
          `${r.state.memory ? ' memory' : ''}${r.state.freed ? ' freed' : ''}${r.state.moved ? ' moved' : ''}`,
      ),
    ...o.contexts.flatMap((c, i) => (c === 0 ? [] : [`${CONTEXTS[i]} ${c > 0 ? '+' : ''}${c}`])),
  ];
  const value = constant === null ? `${SIGNS[mask]} ${object}` : String(constant);
  return [value, ...changes.sort()].join(', ');
}
