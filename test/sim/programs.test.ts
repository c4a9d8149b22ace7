/**
 * Every program under programs/ gives what its `expect` lines say: executions, verdict, hazards; and so it does with its threads declared
 * in another order and everything renamed. None is explored in vain.
 *
 * An expectation is `complete N [blocked N] [deadlocked N] [safe | violates HAZARD...]`; `bound=k` among its parameters bounds preemptions.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { count, exploreAll, HAZARDS, type Hazard, type Program, replay } from '../../src/sim/index.ts';
import { type Expectation, parseProgram } from '../../src/sim/text.ts';
import { rename, reorder } from './variants.ts';

const root = new URL('programs/', import.meta.url);
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((f) => f.endsWith('.txt'))
  .sort();

for (const file of files) {
  test(`${file}: as expected, in any order and under any name`, () => {
    const source = readFileSync(new URL(file, root), 'utf8');
    const { expectations } = parseProgram(source, {}, file);
    assert.ok(expectations.length > 0, `${file} expects nothing`);
    for (const expected of expectations) {
      const { program } = parseProgram(source, Object.fromEntries(expected.when), file);
      check(program, expected, file);
      if (expected.text.endsWith(' once')) continue;
      check(rename(program), expected, `${file}, renamed`);
      // Bounds count what leaving a thread costs, which the order of declaration does not change either.
      check(reorder(program, 'reverse'), expected, `${file}, threads reversed`);
      check(reorder(program, 'rotate'), expected, `${file}, threads rotated`);
    }
  });
}

function check(program: Program, expected: Expectation, name: string): void {
  const where = `${name}:${expected.line} ${[...expected.when].join(' ')}`;
  const words = expected.text.split(/\s+/);
  const number = (word: string) =>
    words.includes(word) ? Number(words[words.indexOf(word) + 1]) : undefined;
  const bound = expected.when.get('bound');
  const hazards = words.filter((w): w is Hazard => (HAZARDS as readonly string[]).includes(w));
  const on = words.includes('on')
    ? { hazards: hazards.length > 0 ? hazards : [words[words.indexOf('on') + 1] as Hazard] }
    : {};
  const counts = count(program, { ...(bound === undefined ? {} : { bound }), ...on });
  assert.equal(counts.reason, '', where);
  assert.equal(counts.redundant, 0, `${where}: executions started in vain`);
  assert.ok(counts.complete + counts.blocked > 0, `${where}: something ran`);
  for (const what of ['complete', 'blocked', 'deadlocked'] as const) {
    const want = number(what);
    if (want !== undefined) assert.equal(counts[what], want, `${where}: ${what}`);
  }
  if (!words.includes('safe') && !words.includes('violates')) return;
  const { verdicts, exhausted } = exploreAll(program, { ...(bound === undefined ? {} : { bound }), ...on });
  assert.ok(exhausted, where);
  const found = verdicts.map((v) => v.schedule.violation.hazard).sort();
  assert.deepEqual(found, words.includes('safe') ? [] : hazards.sort(), where);
  for (const v of verdicts) {
    assert.deepEqual(replay(program, v.token), v.schedule, `${where}: the token replays`);
    assert.ok(v.token.length < 200, `${where}: ${v.token}`);
  }
}
