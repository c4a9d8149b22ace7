/** Every example of every model is what its header says, and a model with roles has both kinds; a broken twin of each fails. */
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { examplesOf, lintModel, runExample } from '../../src/check/index.ts';
import { loadRules } from '../../src/rules/index.ts';

const DIR = fileURLToPath(new URL('../../rules', import.meta.url));
const RULES = loadRules(DIR);

for (const model of RULES.models) {
  const files = examplesOf(DIR, model.id);
  for (const file of files)
    test(`${model.id} ${basename(file)}`, async () => {
      const { problem, expected } = await runExample(model.id, file, RULES);
      assert.equal(problem, '');
      assert.ok(expected.length > 0);
    });
  test(`${model.id} is in order`, () => {
    assert.deepEqual(lintModel(model, RULES, DIR), []);
    if (Object.keys(model.roles).length > 0) assert.ok(files.length >= 4, `${files.length} examples`);
  });
}

/** An example with another header, beside the same tree. */
async function withHeader(model: string, name: string, change: (text: string) => string): Promise<string> {
  const file = examplesOf(DIR, model).find((each) => basename(each) === name)!;
  const dir = mkdtempSync(join(tmpdir(), 'lockstep-example-'));
  try {
    cpSync(join(dirname(file), 'tree'), join(dir, 'tree'), { recursive: true });
    copyFileSync(file, join(dir, name));
    writeFileSync(join(dir, name), change(readFileSync(file, 'utf8')));
    return (await runExample(model, join(dir, name), RULES)).problem;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('another line, another class, nothing at all: each is a problem', async () => {
  const change = (from: RegExp, to: string) =>
    withHeader('vma/lifetime', 'bad-put-early.patch', (text) => text.replace(from, to));
  assert.equal(await change(/never/, ''), '');
  assert.match(await change(/:24/, ':23'), /^expected use-after-put mm\/poke\.c:23, found use-after-put/);
  assert.match(await change(/use-after-put/, 'leak'), /^expected leak/);
  assert.match(await change(/Expect: .*/, 'Expect: nothing'), /a bad- example expects nothing/);
  assert.match(await change(/Expect: .*/, ''), /no line "Expect:/);
  assert.match(
    await withHeader('vma/lifetime', 'good-copy.patch', (text) =>
      text.replace('nothing', 'leak mm/poke.c:1'),
    ),
    /a good- example expects a finding/,
  );
});

test('lint names what is wrong', () => {
  const model = RULES.models.find((m) => m.id === 'vma/lifetime')!;
  const odd = (change: (source: string) => string) =>
    lintModel({ ...model, source: change(model.source) }, RULES, DIR);
  assert.match(
    odd((s) => s.replace('mmap_write_lock(mm);', 'mmap_writ_lock(mm);')).join(),
    /nobody knows what mmap_writ_lock\(\) does/,
  );
  assert.match(
    odd((s) => s.replace('void page_fault(', 'void paeg_fault(')).join(),
    /D0: .*no function page_fault/,
  );
  assert.match(
    odd((s) => `${s}\nvoid use_vma(struct mm_struct *mm)\n{\n}\n`).join(),
    /roles\.user: model\.c must leave use_vma\(\) out/,
  );
});
