/**
 * SPIN as a second opinion: every model under rules/ and every program of the property twins, exported as Promela, gets the verdict
 * that the core gives it.
 *
 * Programs with interrupts cannot be exported and are refused by name. Needs the Debian packages spin and gcc.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exploreAll, exportPromela, PromelaError } from '../../src/sim/index.ts';
import { parseProgram } from '../../src/sim/text.ts';
import { modelPrograms } from './models.ts';
import { runSpin } from './spin.ts';

const root = new URL('programs/', import.meta.url);
const hazards = readdirSync(new URL('hazards/', root)).map((f) => `hazards/${f}`);
const counted = ['peterson', 'szymanski', 'philosophers', 'rwsem', 'last-put', 'tryget-put', 'trylock'].map(
  (f) => `counts/${f}.txt`,
);

const texts = [...hazards, ...counted].sort().map((file) => ({
  name: file,
  program: parseProgram(readFileSync(new URL(file, root), 'utf8'), {}, file).program,
}));
const models = modelPrograms();

test('there are models to check', () => {
  assert.ok(models.length > 0);
});

for (const { name, program } of [...models, ...texts]) {
  if (program.threads.some((t) => t.kind !== undefined && t.kind !== 'task')) {
    test(`${name}: interrupts are refused`, () => {
      assert.throws(() => exportPromela(program), PromelaError);
    });
    continue;
  }
  test(`${name}: SPIN agrees`, () => {
    const { verdicts, exhausted } = exploreAll(program);
    assert.ok(exhausted);
    const { errors, states } = runSpin(exportPromela(program), ['-O0']);
    assert.ok(states > 0, 'SPIN ran');
    const found = verdicts.map((v) => v.schedule.violation.hazard).join() || 'safe';
    assert.equal(errors > 0, verdicts.length > 0, `core: ${found}`);
  });
}
