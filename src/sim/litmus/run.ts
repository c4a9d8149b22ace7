/**
 * Runs a litmus test: all executions under sequential consistency and RCU, their final states, and what the condition comes to.
 *
 * A condition that holds in some state is `Sometimes` (`Always` in all): such an execution is an execution of weaker models too. One
 * that holds in none is `Never` here, which says something about the kernel only when the test does not need weak memory; a test whose own
 * comment says `Sometimes` and that finds nothing here, or whose filter lets nothing through, is out of scope and gets no answer.
 */
import { compile } from '../compile.ts';
import { Dpor } from '../dpor.ts';
import { FP, Machine } from '../machine.ts';
import { reset } from '../step.ts';
import { lowerLitmus } from './lower.ts';
import { type Condition, parseLitmus } from './parse.ts';

export type LitmusResult =
  | {
      name: string;
      stated: string;
      scope: 'in';
      verdict: 'Never' | 'Sometimes' | 'Always';
      states: number;
      executions: number;
    }
  | { name: string; stated: string; scope: 'out'; reason: string; executions: number };

/** The value of a register (thread from 0) or of a global (thread -1). */
type State = (thread: number, name: string) => number;

export function runLitmus(source: string): LitmusResult {
  const test = parseLitmus(source);
  const { program, globals, registers } = lowerLitmus(test);
  const compiled = compile(program);
  const mc = new Machine(compiled);
  mc.want([]);
  reset(mc);
  const addressOf = (name: string) => compiled.memory.addressOf.get(name) ?? Number.NaN;
  const states = new Map<string, boolean>();
  const look: State = (thread, name) => {
    if (thread < 0) return mc.m[addressOf(name)]!;
    const register = compiled.routines[thread + 1]!.registers.get(name);
    return register === undefined ? Number.NaN : mc.m[mc.m[mc.threadBase[thread]! + FP]! + register]!;
  };
  const { counts } = new Dpor(mc, {
    violation: () => false,
    check: () => '',
    end: () => {
      if (!holds(test.filter, look, addressOf)) return;
      const values = [
        ...globals.map((g) => look(-1, g)),
        ...registers.flatMap((names, t) => names.map((r) => look(t, r))),
      ];
      states.set(values.join(' '), holds(test.condition, look, addressOf));
    },
  }).run();
  const executions = counts.complete + counts.blocked;
  const about = { name: test.name, stated: test.stated, executions };
  if (states.size === 0) return { ...about, scope: 'out', reason: 'no execution passes the filter' };
  const hits = [...states.values()].filter((h) => h).length;
  const verdict = hits === 0 ? 'Never' : hits === states.size ? 'Always' : 'Sometimes';
  if (verdict === 'Never' && test.stated === 'Sometimes') {
    return { ...about, scope: 'out', reason: 'the stated outcome needs weak memory' };
  }
  return { ...about, scope: 'in', verdict, states: states.size };
}

function holds(c: Condition, state: State, addressOf: (name: string) => number): boolean {
  switch (c.k) {
    case 'true':
      return true;
    case 'and':
      return holds(c.a, state, addressOf) && holds(c.b, state, addressOf);
    case 'or':
      return holds(c.a, state, addressOf) || holds(c.b, state, addressOf);
    case 'not':
      return !holds(c.of, state, addressOf);
    case 'is':
      return state(c.thread, c.name) === (typeof c.value === 'number' ? c.value : addressOf(c.value));
  }
}
