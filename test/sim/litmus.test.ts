/**
 * The litmus tests that the kernel ships, read from its source: those that SC and RCU decide get their stated verdict and number of
 * final states, the others are out of scope and get no answer.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runLitmus } from '../../src/sim/index.ts';
import { kernelTree } from '../kernel-tree.ts';

const expected = readFileSync(new URL('litmus/expected.tsv', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split('\t') as [string, string, string]);

function litmusFiles(): Map<string, string> {
  const found = new Map<string, string>();
  for (const dir of ['tools/memory-model/litmus-tests', 'Documentation/litmus-tests']) {
    const root = join(kernelTree('6.12'), dir);
    for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      if (file.endsWith('.litmus'))
        found.set(file.replace(/^.*\//, '').replace(/\.litmus$/, ''), join(root, file));
    }
  }
  return found;
}

test('every litmus test of the kernel is expected, and every expected one is there', () => {
  assert.deepEqual([...litmusFiles().keys()].sort(), expected.map(([name]) => name).sort());
});

test('31 tests get the verdict and the final states that they should, 16 get no answer', () => {
  const files = litmusFiles();
  const answers = expected.map(([name]) => {
    const result = runLitmus(readFileSync(files.get(name)!, 'utf8'));
    assert.ok(result.executions > 0, name);
    if (result.scope === 'in') assert.equal(result.verdict, result.stated, name);
    return result.scope === 'in'
      ? [name, result.verdict, `${result.states}`]
      : [name, 'out of scope', result.reason];
  });
  assert.deepEqual(answers, expected);
  assert.equal(answers.filter(([, verdict]) => verdict !== 'out of scope').length, 31);
});

test('a test that is not SC is told apart from one that is: SB without barriers has no answer', () => {
  const test = (result: string) =>
    `C SB\n(*\n * Result: ${result}\n *)\n{}\nP0(int *x, int *y)\n{\n\tint r0;\n\tWRITE_ONCE(*x, 1);\n\tr0 = READ_ONCE(*y);\n}\nP1(int *x, int *y)\n{\n\tint r0;\n\tWRITE_ONCE(*y, 1);\n\tr0 = READ_ONCE(*x);\n}\nexists (0:r0=0 /\\ 1:r0=0)\n`;
  assert.equal(runLitmus(test('Sometimes')).scope, 'out');
  assert.equal(runLitmus(test('Never')).scope, 'in');
});

test('SRCU waits for readers of its own domain only', () => {
  const test = (domain: string) =>
    `C srcu\n{}\nP0(int *x, int *y, struct srcu_struct *s)\n{\n\tint r0;\n\tint r1;\n\tint i;\n\ti = srcu_read_lock(s);\n\tr0 = READ_ONCE(*x);\n\tr1 = READ_ONCE(*y);\n\tsrcu_read_unlock(s, i);\n}\nP1(int *x, int *y, struct srcu_struct *${domain})\n{\n\tWRITE_ONCE(*x, 1);\n\tsynchronize_srcu(${domain});\n\tWRITE_ONCE(*y, 1);\n}\nexists (0:r0=0 /\\ 0:r1=1)\n`;
  const verdictOf = (source: string) => {
    const result = runLitmus(source);
    return result.scope === 'in' ? result.verdict : result.reason;
  };
  assert.equal(verdictOf(test('s')), 'Never');
  assert.equal(verdictOf(test('t')), 'Sometimes');
});
