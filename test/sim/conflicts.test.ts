/**
 * The two columns of the table of kernel primitives: how many traces there are when operations that commute count as one order, which
 * is what the core explores, and how many when everything on one object conflicts.
 *
 * The second relation is the oracle's only: two steps on one location are dependent unless both only look, and an attempt that fails
 * looks. (That is the 25 of inc_not_zero and put, two of each, against the final put: it would be 26 if the two failed
 * attempts were told apart.) It says what good dependence saves. Both are counted by brute force here.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { count } from '../../src/sim/index.ts';
import { parseProgram } from '../../src/sim/text.ts';
import { enumerate } from './oracle.ts';

const ROWS: { file: string; when: Record<string, number>; commuting: number; everything: number }[] = [
  { file: 'rwsem', when: { r: 1, w: 1 }, commuting: 2, everything: 2 },
  { file: 'rwsem', when: { r: 2, w: 1 }, commuting: 4, everything: 14 },
  { file: 'rwsem', when: { r: 3, w: 1 }, commuting: 8, everything: 216 },
  { file: 'rwsem', when: { r: 2, w: 2 }, commuting: 18, everything: 48 },
  { file: 'last-put', when: { n: 2 }, commuting: 2, everything: 2 },
  { file: 'last-put', when: { n: 4 }, commuting: 4, everything: 24 },
  { file: 'tryget-put', when: { n: 1 }, commuting: 3, everything: 3 },
  { file: 'tryget-put', when: { n: 2 }, commuting: 18, everything: 25 },
];

for (const { file, when, commuting, everything } of ROWS) {
  test(`${file} ${JSON.stringify(when)}: ${commuting} traces, ${everything} when everything conflicts`, () => {
    const source = readFileSync(new URL(`programs/counts/${file}.txt`, import.meta.url), 'utf8');
    const { program } = parseProgram(source, when, file);
    assert.equal(count(program).complete, commuting);
    assert.equal(enumerate(program, 200_000)?.complete, commuting);
    assert.equal(enumerate(program, 200_000, { everythingConflicts: true })?.complete, everything);
  });
}
