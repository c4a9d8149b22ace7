/**
 * SPIN as a second opinion: every design of every model under rules/, the programs behind the findings of every example patch, the property
 * twins and the primitives, exported as Promela, get the verdict that the core gives them.
 *
 * What the export refuses is listed here, with its reason. Needs the Debian packages spin and gcc.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { exploreAll, exportPromela, type Program, PromelaError } from '../../src/sim/index.ts';
import { parseProgram } from '../../src/sim/text.ts';
import { examplePatches, examplePrograms } from './examples.ts';
import { modelPrograms } from './models.ts';
import { runSpin } from './spin.ts';

const root = new URL('programs/', import.meta.url);
const COUNTED = ['peterson', 'szymanski', 'philosophers', 'rwsem', 'last-put', 'tryget-put', 'trylock'];
const files = [
  ...['hazards', 'primitives'].flatMap((dir) =>
    readdirSync(new URL(`${dir}/`, root)).map((f) => `${dir}/${f}`),
  ),
  ...COUNTED.map((f) => `counts/${f}.txt`),
].sort();
const texts = files.map((file) => ({
  name: file,
  program: parseProgram(readFileSync(new URL(file, root), 'utf8'), {}, file).program,
}));
const models = modelPrograms();
const examples = await examplePrograms();

test('there are models and examples to check', () => {
  assert.ok(models.length > 0);
  assert.ok(examplePatches().length > 0 && examples.length > 0);
});

const engaged = { exported: 0, states: 0 };

describe('SPIN agrees', { concurrency: 2 }, () => {
  for (const { name, program } of [...models, ...examples, ...texts]) {
    test(name, async () => {
      const { verdicts, exhausted, reason } = exploreAll(program);
      assert.ok(exhausted, reason);
      const { errors, states } = await runSpin(exportPromela(program), ['-O0']);
      assert.ok(states > 0, 'SPIN ran');
      const found = verdicts.map((v) => v.schedule.violation.hazard).join() || 'safe';
      assert.equal(errors > 0, verdicts.length > 0, `core: ${found}`);
      engaged.exported++;
      engaged.states += states;
    });
  }
});

after(() => {
  assert.equal(engaged.exported, models.length + examples.length + texts.length);
});

const REFUSED: { reason: string; text: string }[] = [
  {
    reason: 'calls nest too deep for Promela',
    text: 'var x\nthread t f\nroutine f\n  v = load x\n  if v == 0 goto out\n  call f\nout:\n',
  },
  {
    reason: 'callbacks queue callbacks too deep for Promela',
    text: 'type object { v: int }\nobject o: object\nthread t f\nroutine f\n  rcu.call again @o\nroutine again(n)\n  rcu.call again n\n',
  },
  {
    reason: 'more than 31 threads and callbacks',
    text: 'var x\nthread t$i f for i in 1..32\nroutine f\n  add x 1\n',
  },
  {
    reason: 'a CPU beyond 254',
    text: 'var x\nthread t f cpu 255\nirq h f cpu 255\nroutine f\n  add x 1\n',
  },
];

for (const { reason, text } of REFUSED) {
  test(`refused: ${reason}`, () => {
    const program: Program = parseProgram(text, {}, 'refused').program;
    assert.throws(() => exportPromela(program), new PromelaError(reason));
  });
}
