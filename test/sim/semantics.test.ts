/** The face of the core: minimal schedules, tokens, budgets, bounds, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  count,
  explore,
  exploreAll,
  type Program,
  ProgramError,
  parseToken,
  programFingerprint,
  ReplayError,
  replay,
} from '../../src/sim/index.ts';
import { parseProgram, TextError } from '../../src/sim/text.ts';

const RACE = `
type object { ref: ref; v: int }
var p: pointer, noise
setup s
thread idle nothing
thread reader r
thread owner o
routine s
  n = alloc object
  ref.init n.ref 1
  store p n
routine nothing
  add noise 1
  add noise 1
routine r
  n = load p
  if n == 0 goto out
  read n.v
out:
routine o
  n = xchg p 0
  last = ref.put n.ref
  free n
`;

const parse = (text: string): Program => parseProgram(text, {}, 'test').program;

function violation(program: Program) {
  const verdict = explore(program);
  assert.equal(verdict.kind, 'violates');
  return verdict;
}

test('the schedule is minimal: two switches, no step too many, no thread that does not matter', () => {
  const { schedule } = violation(parse(RACE));
  assert.deepEqual(
    schedule.steps.map((s) => `${schedule.threads[s.thread]!.name}: ${s.text}`),
    [
      'reader: n = load p',
      'owner: n = xchg p 0',
      'owner: last = ref.put n.ref',
      'owner: free n',
      'reader: read n.v',
    ],
  );
  assert.deepEqual(
    schedule.threads.map((t) => t.name),
    ['reader', 'owner'],
  );
  assert.equal(schedule.violation.hazard, 'use-after-free');
  assert.equal(schedule.violation.object, 'object#1');
  assert.equal(schedule.violation.site.text, 'read n.v');
  assert.deepEqual(schedule.steps[1]!.effects, ['p.v = 0']);
});

test('the same program gives the same answer, byte for byte', () => {
  assert.equal(JSON.stringify(exploreAll(parse(RACE))), JSON.stringify(exploreAll(parse(RACE))));
});

test('a token replays, is short, and is refused when damaged, foreign, or of another program', () => {
  const program = parse(RACE);
  const { token, schedule, choices } = violation(program);
  assert.ok(token.length < 60, token);
  assert.deepEqual(replay(program, token), schedule);
  assert.deepEqual(parseToken(token).choices, choices);
  assert.throws(() => replay(program, 'nonsense'), new ReplayError('this is not a token'));
  assert.throws(() => replay(program, token.replace('L1', 'L9')), /version 9/);
  assert.throws(
    () =>
      replay(
        program,
        token.replace(/.(?=.....$)/, (c) => (c === '1' ? '2' : '1')),
      ),
    /damaged/,
  );
  assert.throws(() => replay(parse(RACE.replace('read n.v', 'write n.v')), token), /the program has changed/);
  assert.throws(() => replay(parse(RACE.replace('read n.v', 'write n.v')), token), ReplayError);
});

test('a fingerprint does not depend on sites, names of the program or the order of keys', () => {
  const program = parse(RACE);
  const moved = parse(`\n\n${RACE}`);
  const sorted = JSON.parse(
    JSON.stringify(program, (_, v) =>
      v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).reverse()) : v,
    ),
  );
  assert.equal(programFingerprint(moved), programFingerprint(program));
  assert.equal(programFingerprint(sorted), programFingerprint(program));
  assert.notEqual(programFingerprint(parse(RACE.replace('free n', 'read n.v'))), programFingerprint(program));
});

test('tokens of long schedules stay short: runs of one thread are one number', () => {
  const program = parse(
    'var x\nthread t f\nroutine f\n  repeat i = 1..300\n  add x 1\n  end\n  assert 0 lost-update end\n',
  );
  const { token, choices } = violation(program);
  assert.equal(choices.length, 300);
  assert.ok(token.length < 50);
  assert.equal(replay(program, token).steps.length, 301);
});

test('budgets end in not-exhausted, with the reason', () => {
  const big = parse(
    'var x\nthread a f\nthread b f\nthread c f\nthread d f\nroutine f\n  repeat i = 1..8\n  add x 1\n  end\n',
  );
  const verdict = explore(big, { maxSteps: 20_000 });
  assert.deepEqual(
    [verdict.kind, verdict.kind === 'not-exhausted' && verdict.reason],
    ['not-exhausted', 'the budget of 20000 steps is used up'],
  );
  assert.match(exploreAll(big, { maxMillis: 0 }).reason, /0 ms/);
  assert.deepEqual(explore(big, { maxMegabytes: 0.01 }), {
    kind: 'not-exhausted',
    executions: explore(big, { maxMegabytes: 0.01 }).executions,
    reason: 'the budget of 0.01 MB of memory is used up',
  });
  // Counting traces under a bound remembers them: it grows with the exploration.
  assert.equal(count(big, { bound: 20, maxMegabytes: 1 }).reason, 'the budget of 1 MB of memory is used up');
  assert.equal(
    count(big, { bound: 20, maxSteps: 3_000, maxMegabytes: 1 }).reason,
    'the budget of 3000 steps is used up',
  );
  const controller = new AbortController();
  controller.abort();
  assert.equal(exploreAll(big, { signal: controller.signal }).reason, 'it was cancelled');
});

test('what cannot be followed to its end is not called safe', () => {
  const endless = parse('var x\nthread t f\nroutine f\nagain:\n  v = load x\n  goto again\n');
  assert.match(exploreAll(endless).reason, /longer than/);
  const local = parse('var x\nthread t f\nroutine f\n  v = load x\nagain:\n  goto again\n');
  assert.match(exploreAll(local).reason, /does not end/);
  const pool = parse(
    'type object { v: int }\nthread t f\nroutine f\n  i = 0\nagain:\n  n = alloc object\n  free n\n  i = i + 1\n  if i < 100 goto again\n',
  );
  assert.match(exploreAll(pool).reason, /pool/);
  assert.equal(exploreAll(pool, { rounds: 100 }).reason, '');
  const deep = parse('var x\nthread t f\nroutine f\n  call f\n');
  assert.match(exploreAll(deep).reason, /too deep/);
});

test('a bound says whether it cut anything off', () => {
  const program = parse('var x, y\nthread a f\nthread b f\nroutine f\n  add x 1\n  add y 1\n');
  assert.deepEqual(
    [count(program, { bound: 0 }).bounded, count(program, { bound: 9 }).bounded],
    [true, false],
  );
  const verdict = explore(program, { bound: 0 });
  assert.equal(verdict.kind === 'safe' && verdict.bounded, true);
});

test('hazards that are not asked for are not reported', () => {
  const program = parse(RACE);
  assert.equal(explore(program, { hazards: ['deadlock'] }).kind, 'safe');
  assert.deepEqual(
    exploreAll(program, { hazards: ['use-after-free'] }).verdicts.map((v) => v.schedule.violation.hazard),
    ['use-after-free'],
  );
});

test('a thread may go wrong before its first event', () => {
  const program = parse('thread a f\nroutine f\n  context irq off\n  sleep\n');
  const { schedule, token } = violation(program);
  assert.equal(schedule.violation.hazard, 'sleep-in-atomic');
  assert.deepEqual(replay(program, token), schedule);
});

test('programs and texts with mistakes are refused with the place', () => {
  assert.throws(
    () =>
      parse('thread a f\nroutine f\n  goto nowhere\n') &&
      explore(parse('thread a f\nroutine f\n  goto nowhere\n')),
    ProgramError,
  );
  assert.throws(
    () => parse('thread a f\nroutine f\n  frobnicate x\n'),
    new TextError('test:3: no operation is called frobnicate: frobnicate x'),
  );
  assert.throws(() => parse('var x\nthread a f\nroutine f\n  store x 1 2\n'), /test:4: too many words/);
});

test('ten million steps stay under 200 MB', { timeout: 240_000 }, async () => {
  // In a process of its own, so that other tests do not count.
  const { spawnSync } = await import('node:child_process');
  const script = new URL('../../bench/sim/ten-million.ts', import.meta.url).pathname;
  const { stdout, status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const { steps, megabytes } = JSON.parse(stdout);
  assert.ok(steps >= 10_000_000, `${steps} steps`);
  assert.ok(megabytes < 200, `${megabytes} MB`);
});
