/** Costs of the three ways to keep an object alive: a lock and a count, a count under RCU, a percpu count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cost, measureCost } from '../../src/sim/index.ts';
import { parseProgram } from '../../src/sim/text.ts';

const COUNTED = `
type object { ref: ref; v: int }
var p: pointer, l: lock
setup s
thread locked lk
thread rcu rc
routine s
  n = alloc object
  ref.init n.ref 1
  store p n
routine lk
  lock l
  n = load p
  ref.get n.ref
  unlock l
  read n.v
  ref.put n.ref
routine rc
  rcu.enter
  n = load p dereference
  ok = ref.tryget n.ref
  rcu.exit
  read n.v
  ref.put n.ref
`;
const PERCPU = COUNTED.replace('ref: ref', 'ref: percpu-ref')
  .replace('ref.init n.ref 1', 'percpu.init n.ref none')
  .replaceAll(' ref.', ' percpu.');

const per = (cost: Cost, what: 'transfers' | 'sharedRmws' | 'locks') => cost[what] / cost.uses;
const run = (text: string, thread: string, cpus: number) =>
  measureCost(parseProgram(text).program, thread, cpus);

for (const cpus of [2, 4, 8, 16, 32, 64]) {
  test(`${cpus} CPUs: a shared count moves its line at each get and each put`, () => {
    const cost = run(COUNTED, 'rcu', cpus);
    assert.equal(per(cost, 'sharedRmws'), 2);
    assert.equal(per(cost, 'locks'), 0);
    assert.ok(per(cost, 'transfers') >= 2, `${per(cost, 'transfers')}`);
  });
  test(`${cpus} CPUs: a lock around it adds its own`, () => {
    const cost = run(COUNTED, 'locked', cpus);
    assert.equal(per(cost, 'sharedRmws'), 2);
    assert.equal(per(cost, 'locks'), 1);
    assert.ok(per(cost, 'transfers') >= 2, `${per(cost, 'transfers')}`);
    assert.ok(cost.handovers > 0);
  });
  test(`${cpus} CPUs: a percpu count moves nothing`, () => {
    const cost = run(PERCPU, 'rcu', cpus);
    assert.deepEqual([cost.transfers, cost.sharedRmws, cost.locks], [0, 0, 0]);
    assert.equal(cost.rmws, 2 * cost.uses);
  });
}

test('one CPU moves nothing, whatever the design', () => {
  for (const [text, thread] of [
    [COUNTED, 'locked'],
    [COUNTED, 'rcu'],
    [PERCPU, 'rcu'],
  ] as const) {
    assert.equal(run(text, thread, 1).transfers, 0);
  }
});

test('callbacks: one for each object, or one for each group', () => {
  const text = (free: string) => `
type object { v: int; cb: callback }
var p: pointer
thread t f
routine f
  i = 0
again:
  n = alloc object
  ${free}
  i = i + 1
  if i < 64 goto again
routine none(x)
  return
`;
  const each = measureCost(parseProgram(text('rcu.call free n')).program, 't', 1, { uses: 3, rounds: 300 });
  const groups = measureCost(
    parseProgram(text('b = i % 32\n  if b goto skip\n  rcu.call free n\nskip:')).program,
    't',
    1,
    { uses: 3, rounds: 300 },
  );
  assert.equal(each.callbacks / each.uses, 64);
  assert.equal(groups.callbacks / groups.uses, 2);
});
