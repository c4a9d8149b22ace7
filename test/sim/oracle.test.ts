/**
 * The oracle against the core on the programs that are written out: the primitives and the twins of every property. What the oracle does
 * not know is listed, so that it cannot pass for agreement.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { count, exploreAll } from '../../src/sim/index.ts';
import { parseProgram } from '../../src/sim/text.ts';
import { enumerate } from './oracle.ts';

const root = new URL('programs/', import.meta.url);
const MOST_PREFIXES = 20_000;

const UNKNOWN: Record<string, string> = {
  'primitives/copy-count-init.txt': 'copy',
  'primitives/copy-count.txt': 'copy',
  'primitives/overlay-same.txt': 'unions',
  'primitives/percpu-atomic-mode.txt': 'escape',
  'primitives/refcount-atomic-wraps.txt': 'counts at the top',
  'primitives/refcount-saturates.txt': 'counts at the top',
  'primitives/return-owned.txt': 'returning a pointer from a thread',
  'primitives/unknown-forget.txt': 'an unknown that keeps its answer',
  'primitives/unknown-key.txt': 'an unknown that keeps its answer',
  'hazards/leak.right.txt': 'escape',
  'hazards/overlay.wrong.txt': 'unions',
};

for (const dir of ['primitives', 'hazards']) {
  for (const file of readdirSync(new URL(`${dir}/`, root)).sort()) {
    const name = `${dir}/${file}`;
    const { program } = parseProgram(readFileSync(new URL(name, root), 'utf8'), {}, name);
    const unknown = UNKNOWN[name];
    if (unknown !== undefined) {
      test(`${name}: the oracle does not know ${unknown}`, () => {
        assert.throws(
          () => enumerate(program, MOST_PREFIXES),
          new Error(`the oracle does not know ${unknown}`),
        );
      });
      continue;
    }
    test(`${name}: brute force agrees`, () => {
      const { complete, blocked } = count(program);
      const hazards = exploreAll(program)
        .verdicts.map((v) => v.schedule.violation.hazard)
        .sort();
      assert.deepEqual({ complete, blocked, hazards }, enumerate(program, MOST_PREFIXES));
    });
  }
}
