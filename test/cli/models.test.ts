/** The commands about models: tables from live runs, one clear line for bad input, and docs/models.md as it would be printed. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lockstep } from './run.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Row {
  model: string;
  design: string;
  verdict: string;
  class: string;
  bounded: boolean;
  executions: number;
  assumptions: string[];
}

test('the whole table, in the shape that was promised, in under ten seconds', async () => {
  const begin = performance.now();
  const { status, out, err } = await lockstep(['models', '--format', 'json']);
  const elapsed = performance.now() - begin;
  assert.deepEqual([status, err], [0, '']);
  const rows = JSON.parse(out) as Row[];
  assert.ok(rows.length >= 50, `${rows.length} rows`);
  for (const row of rows) {
    assert.match(row.verdict, /^(?:safe|violates)$/, row.design);
    assert.equal(row.class !== '', row.verdict === 'violates', row.design);
    assert.equal(row.bounded, false);
    assert.ok(row.executions > 0);
    assert.ok(Array.isArray(row.assumptions));
  }
  const assumed = rows.filter((row) => row.assumptions.length > 0).map((row) => row.design);
  for (const design of ['A2', 'D2', 'A1f']) assert.ok(assumed.includes(design), design);
  assert.ok(elapsed < 10_000, `${elapsed} ms`);
});

test('a design whose C was edited has another verdict', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lockstep-rules-'));
  try {
    cpSync(join(ROOT, 'rules'), dir, { recursive: true });
    const file = join(dir, 'models/vma/lifetime/model.c');
    const source = readFileSync(file, 'utf8');
    const call = 'call_rcu(&vma->vm_rcu, vm_area_free_rcu);';
    assert.ok(source.includes(call));
    const verdict = async () => {
      const { out } = await lockstep(['models', '--design', 'D0', '--format', 'json', '--rules', dir]);
      return (JSON.parse(out) as Row[]).map((row) => `${row.design} ${row.verdict} ${row.class}`);
    };
    assert.deepEqual(await verdict(), ['D0 safe ']);
    writeFileSync(file, source.replace(call, 'free_at_once(vma);'));
    assert.deepEqual(await verdict(), ['D0 violates use-after-free']);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('names: a model, an area, its last part, a design', async () => {
  const designs = async (...args: string[]) =>
    (JSON.parse((await lockstep(['models', '--format', 'json', ...args])).out) as Row[]).map(
      (row) => row.design,
    );
  assert.deepEqual(await designs('vma/batched-free'), ['D4', 'D4o', 'D4l', 'D5']);
  assert.deepEqual(await designs('batched-free'), ['D4', 'D4o', 'D4l', 'D5']);
  assert.deepEqual(await designs('A0', 'E6'), ['A0', 'E6']);
  assert.ok((await designs('vma')).includes('D0'));
});

test('text: verdicts, and what they rest on', async () => {
  const { out } = await lockstep(['models', 'A2']);
  assert.match(
    out,
    /^mempolicy\/task-policy: .+\n {2}A2 {2}safe {2}.+\n {6}if the target has not run exit_task_work\(\) yet\n/,
  );
});

for (const [args, message] of [
  [['models', 'nothing'], /^nothing: no model or design has this name; there are /],
  [['models', '--design', 'X9'], /^X9: no design has this name/],
  [['models', '--rules', '/nowhere'], /^\/nowhere: no such directory/],
  [['explain', 'nothing'], /^nothing: no model, design or class has this name/],
  [['cost', 'A0'], /^A0: nothing is measured of this/],
  [['cost', 'A3', '--cpus', '0'], /^--cpus 0: expected numbers from 1 to 64/],
  [['cost', 'A3', '--cpus', '1,x'], /^--cpus 1,x: expected numbers/],
  [['rules', 'test', 'nothing'], /^nothing: no model has this name/],
  [['rules', 'new', 'Nothing'], /^Nothing: a model is called area\/name/],
  [['rules', 'new', 'vma/lifetime'], /^vma\/lifetime: .+ is there already/],
] as const)
  test(`refused: ${args.join(' ')}`, async () => {
    const { status, out, err } = await lockstep([...args]);
    assert.deepEqual([status, out], [2, '']);
    assert.match(err, message);
    assert.equal(err.trim().split('\n').length, 1);
  });

test('explain: a model, a design and a class, each on a screen', async () => {
  for (const [name, expected] of [
    ['vma/lifetime', /How D1 goes wrong:/],
    ['D1u', /CPU 0 +CPU 1\n(?:.*\n)*.*<-- lock lifetime/],
    ['use-after-put', /D3 +the mm is given up while the VMA is still in use/],
    ['data-race', /No design of a model ends in it/],
  ] as const) {
    const { status, out } = await lockstep(['explain', name]);
    assert.equal(status, 0);
    assert.match(out, expected);
    assert.ok(out.split('\n').length < 50, `${name}: ${out.split('\n').length} lines`);
    for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
  }
});

test('a new model works as it was written', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'lockstep-rules-'));
  try {
    cpSync(join(ROOT, 'rules'), dir, { recursive: true });
    assert.equal((await lockstep(['rules', 'new', 'mm/thing', '--rules', dir])).status, 0);
    const { status, out } = await lockstep(['rules', 'test', 'mm/thing', '--rules', dir]);
    assert.deepEqual([status, out], [0, '4 examples, all as they say\n']);
    assert.equal((await lockstep(['rules', 'lint', 'mm/thing', '--rules', dir])).status, 0);
    const { out: rows } = await lockstep(['models', 'mm/thing', '--format', 'json', '--rules', dir]);
    assert.deepEqual(
      (JSON.parse(rows) as Row[]).map((row) => row.verdict),
      ['safe', 'violates'],
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('docs/models.md is what the rules say now', async () => {
  const { out } = await lockstep(['models', '--format', 'markdown']);
  assert.equal(
    readFileSync(join(ROOT, 'docs/models.md'), 'utf8'),
    out,
    'lockstep models --format markdown > docs/models.md',
  );
});
