/**
 * The sequential explorer against running every path: random routines without loops, whose branches test parameters,
 * are run for each value of these by an interpreter that shares no code with the explorer. The ways to end, the first
 * mistake on each path, and the length of the shortest path to each must be the same.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exploreSequential } from '../../../src/sim/index.ts';
import { line, routine, showOutcome } from './support.ts';

const PARAMS = ['a', 'b', 'c'];
const OPS = [
  'lock l',
  'unlock l',
  'lock m mutex',
  'unlock m mutex',
  'own q',
  'disown q',
  'free q',
  'rcu.enter',
  'rcu.exit',
  'sleep',
  'nop',
];

type Line = { op: string } | { branch: string; skip: number } | { ends: number };

const aLine: fc.Arbitrary<Line> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...OPS).map((op) => ({ op })) },
  {
    weight: 3,
    arbitrary: fc.record({ branch: fc.constantFrom(...PARAMS), skip: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.constantFrom(0, -22).map((ends) => ({ ends })) },
);

/** The routine in the language of src/sim/text.ts: one line for each, after the line that makes `q`. */
function textOf(program: Line[]): string {
  const body = ['q = unknown nonnull'];
  program.forEach((one, i) => {
    body.push(`L${i}:`);
    // What is not looked at any more may be forgotten, so `q` is looked at to the last.
    if ('ends' in one) body.push(`z = q`, `return ${one.ends}`);
    else if ('branch' in one) body.push(`if ${one.branch} goto L${Math.min(i + one.skip, program.length)}`);
    else body.push(one.op === 'nop' ? 'x = 1' : one.op);
  });
  return [...body, `L${program.length}:`, 'z = q', 'return 1'].join('\n');
}

/** What one run comes to, as lines: its mistakes, then its end unless a mistake was one; with the steps up to each. */
function run(program: Line[], values: Map<string, boolean>): { what: string; steps: number }[] {
  const locks = new Map<string, { entry: boolean; now: boolean }>();
  const depth = { preempt: 0, rcu: 0 };
  const seen: { what: string; steps: number }[] = [];
  let count = 0;
  let owned = false;
  let gone = false;
  let freed = false;
  let steps = 0;
  const finish = (value: number): typeof seen => {
    const changes = [...locks]
      .filter(([, s]) => s.entry !== s.now)
      .map(([name, s]) => `${name}.v ${s.entry ? 'exclusive>free' : 'free>exclusive'}`);
    if (count !== 0) changes.push(`q ${count > 0 ? '+' : ''}${count}${freed ? ' freed' : ''}`);
    for (const [name, d] of Object.entries(depth))
      if (d !== 0) changes.push(`${name} ${d > 0 ? '+' : ''}${d}`);
    return [...seen, { what: [value, ...changes.sort()].join(', '), steps: steps + 1 }];
  };
  let pc = 0;
  const wrong = (hazard: string): typeof seen => {
    seen.push({ what: `${hazard} @${lineOf(program, pc)}`, steps: steps + 1 });
    return seen;
  };
  while (pc < program.length) {
    const one = program[pc]!;
    if ('ends' in one) return finish(one.ends);
    if ('branch' in one) {
      steps++;
      pc = values.get(one.branch) ? Math.min(pc + one.skip, program.length) : pc + 1;
      continue;
    }
    const [verb, name] = one.op.split(' ') as [string, string];
    if (verb === 'lock' || verb === 'unlock') {
      const before = locks.get(name) ?? { entry: verb === 'unlock', now: verb === 'unlock' };
      if (before.now === (verb === 'lock')) return wrong(verb === 'lock' ? 'double-lock' : 'double-unlock');
      locks.set(name, { entry: before.entry, now: verb === 'lock' });
      if (name === 'l') depth.preempt += verb === 'lock' ? 1 : -1;
    } else if (verb === 'own') {
      count++;
      owned = true;
      gone = false;
    } else if (verb === 'disown') {
      if (gone) wrong('double-put');
      else {
        // Counting further tells nothing new.
        count = Math.max(count - 1, -3);
        gone = owned && count === 0;
      }
    } else if (verb === 'free') {
      if (freed) return wrong('double-free');
      freed = true;
      count = 0;
    } else if (verb.startsWith('rcu')) depth.rcu += verb === 'rcu.enter' ? 1 : -1;
    else if (verb === 'sleep' && (depth.preempt > 0 || depth.rcu > 0)) wrong('sleep-in-atomic');
    if (verb !== 'nop') steps++;
    pc++;
  }
  return finish(1);
}

/** The line of the routine's text on which a line of the program stands. */
function lineOf(program: Line[], i: number): number {
  return 2 * i + 3 + program.slice(0, i).filter((one) => 'ends' in one).length;
}

/** Shortest number of steps to each end and each mistake, over all values of the parameters. */
function runAll(program: Line[]): Map<string, number> {
  const best = new Map<string, number>();
  for (let bits = 0; bits < 1 << PARAMS.length; bits++) {
    const values = new Map(PARAMS.map((p, i) => [p, (bits & (1 << i)) !== 0]));
    for (const { what, steps } of run(program, values))
      best.set(what, Math.min(steps, best.get(what) ?? Number.POSITIVE_INFINITY));
  }
  return best;
}

function explored(program: Line[]): Map<string, number> {
  const one = routine(textOf(program), PARAMS.join(', '));
  const { outcomes, incidents, exhausted } = exploreSequential(one);
  assert.ok(exhausted);
  const best = new Map<string, number>();
  for (const [what, path] of [
    ...outcomes.map((o) => [showOutcome(o), o.path] as const),
    ...incidents.map((i) => [`${i.hazard} @${line(one, i.pc)}`, i.path] as const),
  ])
    best.set(what, Math.min(path.length, best.get(what) ?? Number.POSITIVE_INFINITY));
  return best;
}

function sorted(map: Map<string, number>): [string, number][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

const programs = fc.array(aLine, { minLength: 1, maxLength: 14 });

test('the same ends and the same mistakes as running every path', () => {
  fc.assert(
    fc.property(programs, (program) => {
      assert.deepEqual(
        sorted(explored(program)).map(([what]) => what),
        sorted(runAll(program)).map(([what]) => what),
        textOf(program),
      );
    }),
    { numRuns: 2000, seed: 1 },
  );
});

test('the path that is shown is a shortest one', () => {
  const mistakes = new Set<string>();
  fc.assert(
    fc.property(programs, (program) => {
      const best = runAll(program);
      for (const [what, steps] of explored(program)) {
        assert.equal(steps, best.get(what), `${what}\n${textOf(program)}`);
        mistakes.add(what.split(' ')[0]!);
      }
    }),
    { numRuns: 2000, seed: 2 },
  );
  for (const one of ['double-lock', 'double-unlock', 'double-free', 'double-put', 'sleep-in-atomic'])
    assert.ok(mistakes.has(one), `${one} was among them`);
});
