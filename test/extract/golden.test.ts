/**
 * Golden operations: files of nasty constructs, the operations that are made of them kept beside them as text
 * that was checked by hand. `UPDATE_EXPECTED=1 node --test test/extract/golden.test.ts` writes them anew.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type CFunction, parseUnit } from '../../src/c/index.ts';
import { makeSide } from '../../src/check/index.ts';
import { Callees, dumpOps, dumpSummary, lower, slice } from '../../src/extract/index.ts';
import { RULES } from './support.ts';

const EFFECTS = new URL('golden/effects.c', import.meta.url);
const NASTY = new URL('../c/fixtures/nasty.c', import.meta.url);

function matches(name: string, text: string): void {
  const kept = new URL(`golden/${name}`, import.meta.url);
  if (process.env.UPDATE_EXPECTED === '1') writeFileSync(kept, text);
  assert.equal(text, readFileSync(kept, 'utf8'));
}

function load(file: URL) {
  const text = readFileSync(file, 'utf8');
  const unit = parseUnit(text, 'golden.c', { keep: (name) => RULES.vocabulary.has(name) });
  return { functions: unit.functions, context: makeSide([unit], RULES, new Set(), null).context };
}

for (const [name, file] of [
  ['effects', EFFECTS],
  ['nasty', NASTY],
] as const) {
  test(`${name}.c: everything that is lowered`, () => {
    const { functions, context } = load(file);
    matches(`${name}.ops`, functions.map((fn) => dumpOps(lower(fn, context).routine)).join('\n'));
  });

  test(`${name}.c: what slicing leaves`, () => {
    const { functions, context } = load(file);
    matches(`${name}.sliced`, functions.map((fn) => dumpOps(slice(lower(fn, context).routine))).join('\n'));
  });
}

test('effects.c: what callers see', () => {
  const { functions, context } = load(EFFECTS);
  const callees = new Callees();
  const show = (fn: CFunction): string => {
    const summary = callees.summary(fn, context);
    return summary === null || summary === 'opaque'
      ? `${fn.name}: ${summary === null ? 'nothing' : 'opaque'}\n`
      : dumpSummary(
          summary,
          fn.params.map((p) => p.name),
        );
  };
  matches('effects.summaries', functions.map(show).join('\n'));
});
