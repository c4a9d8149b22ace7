/**
 * The sequential explorer on hand-written routines: which sides of a branch a path can take, where states are merged,
 * and that loops come to an end. An end is a line: what is returned, then what is left changed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exploreSequential } from '../../../src/sim/index.ts';
import { lines, routine, see } from './support.ts';

/** Takes `l` on one side of a first test, and gives it back on one side of a second. */
function twice(first: string, between: string, second: string): string {
  return `${first} goto a
    goto b
    a:
    lock l
    b:
    ${between}
    ${second} goto c
    goto d
    c:
    unlock l
    d:
    return 0`;
}

const HELD = '0, l.v free>exclusive, preempt +1';
const RELEASED = '0, l.v exclusive>free, preempt -1';

test('one condition decides twice', () => {
  for (const [first, between, second] of [
    ['if n', 'x = 1', 'if n'],
    ['if n == 3', 'x = 1', 'if n == 3'],
    ['if n < 0', 'x = 1', 'if n < 0'],
    ['x = load p.v\nif x', 'y = load p.v', 'if y'],
    ['x = load p.v\nif x == 7', 'y = load p.v', 'if y == 7'],
  ] as const) {
    const { ends, incidents, result } = see(twice(first, between, second));
    assert.deepEqual(ends, ['0'], first);
    assert.deepEqual(incidents, []);
    assert.ok(result.exhausted);
  }
});

test('broken twin: two conditions that do not depend on each other', () => {
  for (const [first, between, second] of [
    ['if n', 'x = 1', 'if p'],
    ['if n == 3', 'x = 1', 'if n == 4'],
    ['if n < 0', 'x = 1', 'if n <= 0'],
    ['x = load p.v\nif x', 'store p.v n', 'y = load p.v\nif y'],
    ['x = load p.v\nif x', 'y = load p.w', 'if y'],
    ['x = unknown bool\nif x', 'y = unknown bool', 'if y'],
  ] as const) {
    const { ends } = see(twice(first, between, second));
    assert.ok(ends.includes(HELD) || ends.includes(RELEASED), `${first}, ${second}: ${ends}`);
  }
});

test('a test narrows the sign of what it tests', () => {
  const { ends } = see(`
    q = unknown pointer-or-error
    if q < 0 goto bad
    if q == 0 goto never
    return 1
    never:
    lock l
    return 2
    bad:
    if q == 0 goto never
    return q`);
  assert.deepEqual(ends, ['1', 'negative q']);
});

test('each kind of unknown has the signs it says', () => {
  for (const [what, signs] of [
    ['int', ['-1', '0', '1']],
    ['bool', ['0', '1']],
    ['pointer', ['0', '1']],
    ['pointer-or-error', ['-1', '1']],
    ['zero-or-error', ['-1', '0']],
    ['nonnull', ['1']],
    ['{-12,0}', ['-1', '0']],
    ['{3,4}', ['1']],
  ] as const) {
    const { ends } = see(`
      x = unknown ${what}
      if x < 0 goto negative
      if x == 0 goto zero
      return 1
      negative:
      return -1
      zero:
      return 0`);
    assert.deepEqual(ends, signs, what);
  }
});

test('an assumption cuts off what contradicts it', () => {
  const { ends } = see(`
    assume n != 0
    if n goto yes
    lock l
    yes:
    return 0`);
  assert.deepEqual(ends, ['0']);
});

test('paths that differ in nothing any more are one: states grow with branches, not with paths', () => {
  const diamonds = (count: number): number => {
    const body = Array.from(
      { length: count },
      (_, i) => `x = unknown bool
        if x goto a${i}
        y = load p.v
        goto b${i}
        a${i}:
        y = load p.w
        b${i}:`,
    );
    const { result, ends } = see([...body, 'return 0'].join('\n'));
    assert.deepEqual(ends, ['0']);
    assert.ok(result.exhausted);
    return result.states;
  };
  assert.equal(diamonds(20), 2 * diamonds(10));
  assert.ok(diamonds(20) <= 60, `${diamonds(20)} states for 20 branches`);
});

test('locks that were taken and given back leave no trace in the state', () => {
  const sections = Array.from(
    { length: 12 },
    (_, i) => `if n == ${i} goto skip${i}
      q${i} = address p.w
      lock q${i}
      unlock q${i}
      skip${i}:`,
  );
  const { result, ends } = see([...sections, 'return 0'].join('\n'));
  assert.deepEqual(ends, ['0']);
  assert.ok(result.states < 100, `${result.states} states`);
});

test('loops end', () => {
  for (const [name, body, ends] of [
    ['counts up', 'i = 0\nagain:\ni = i + 1\nc = i < n\nif c goto again\nreturn 0', ['0']],
    [
      'walks a list',
      'q = p\nagain:\nif q goto body\nreturn 0\nbody:\nlock q.lock\nunlock q.lock\nq = load q.next\ngoto again',
      ['0'],
    ],
    [
      'stores what it computes',
      'again:\nx = load p.v\nx = x + 1\nstore p.v x\nif x goto again\nreturn 0',
      ['0'],
    ],
    ['never leaves', 'again:\nlock l\nunlock l\ngoto again', []],
    [
      'makes something new each time',
      'again:\nq = alloc object\nfree q\nx = unknown bool\nif x goto again\nreturn 0',
      ['0'],
    ],
    [
      'takes a reference each time',
      'again:\nref.get p.ref\nx = unknown bool\nif x goto again\nreturn 0',
      ['0, p +1', '0, p +2', '0, p +3'],
    ],
  ] as const) {
    const { ends: seen, incidents, result } = see(body);
    assert.ok(result.exhausted, name);
    assert.deepEqual(incidents, [], name);
    assert.deepEqual(seen, ends, name);
    assert.ok(result.states < 60, `${name}: ${result.states} states`);
  }
});

test('a mistake in a later round is found', () => {
  const { incidents } = see(`
    lock l
    again:
    unlock l
    x = unknown bool
    if x goto again
    return 0`);
  assert.deepEqual(incidents, ['double-unlock l.v @3']);
});

test('what one round loses is lost when the next has made another', () => {
  const { ends } = see(`
    again:
    q = unknown nonnull
    own q
    x = unknown bool
    if x goto again
    disown q
    return 0`);
  assert.ok(
    ends.some((e) => /q \+1/.test(e)),
    ends.join('; '),
  );
  assert.ok(ends.includes('0'), ends.join('; '));
});

test('the budget ends a search honestly', () => {
  const one = routine('again:\nref.get p.ref\nx = unknown bool\nif x goto again\nreturn 0');
  const cut = exploreSequential(one, { maxStates: 2 });
  assert.equal(cut.exhausted, false);
  assert.ok(cut.states <= 2);
  assert.equal(exploreSequential(one).exhausted, true);
});

test('a path has the steps that took, gave back, tested and returned, with what came out', () => {
  const { result, routine: one } = see(`x = load p.v
    ok = trylock l
    if ok goto got
    return -11
    got:
    unlock l
    return 0`);
  const paths = result.outcomes.map((o) => lines(one, o.path).join(', ')).sort();
  assert.deepEqual(paths, ['2 fails, 3 no, 4', '2, 3 yes, 6, 7']);
});

test('the same routine gives the same answer, in the same order', () => {
  const body = twice('x = unknown bool\nif x', 'own p', 'if n');
  assert.deepEqual(see(body), see(body));
});

test('names of registers and labels do not matter', () => {
  const plain = twice('if n', 'own p', 'if n');
  const renamed = plain.replace(/\b([abcd])(?=:|$)/gm, 'label_$1');
  assert.notEqual(renamed, plain);
  const strip = (s: ReturnType<typeof see>) => [s.ends, s.incidents, s.result.states];
  assert.deepEqual(strip(see(renamed)), strip(see(plain)));
});

test('a jump to nowhere is refused by name', () => {
  assert.throws(() => see('goto nowhere'), /f: no label nowhere/);
});
