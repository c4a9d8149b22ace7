/**
 * Reviews of patches to a kernel's own mm/mempolicy.c, made by editing its text: a lost unlock and a lost put in
 * do_set_mempolicy() are found where they are lost, other edits are silent. Then the mail of the thread on a
 * percpu_ref in mempolicy as it was archived, where the texts of the threads are: in LOCKSTEP_SHARED, else beside the
 * checkout in ../shared; where they are not, the test says so and looks at nothing.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Finding, programOf, type Reviewed, replayToken, reviewSeries } from '../../src/check/index.ts';
import { readSeries } from '../../src/patch/index.ts';
import { loadRules } from '../../src/rules/index.ts';
import { openSource } from '../../src/source/index.ts';
import { kernelTree } from '../kernel-tree.ts';

const PATH = 'mm/mempolicy.c';
const RULES = loadRules(fileURLToPath(new URL('../../rules', import.meta.url)));
const tree = kernelTree('6.1');
const original = readFileSync(join(tree, PATH), 'utf8');

/** Where do_set_mempolicy() begins in the file's text, and its text. */
const begin = original.indexOf('static long do_set_mempolicy(');
const body = original.slice(begin, original.indexOf('\n}\n', begin) + 3);

/** The file with an edit of do_set_mempolicy(); `from` stands in it. */
function edited(from: string | RegExp, to: string): string {
  const after = body.replace(from, to);
  assert.notEqual(after, body, String(from));
  return original.replace(body, () => after);
}

async function reviewEdit(after: string): Promise<Reviewed> {
  const dir = mkdtempSync(join(tmpdir(), 'lockstep-kernel-'));
  try {
    for (const [side, text] of [
      ['a', original],
      ['b', after],
    ] as const) {
      mkdirSync(join(dir, side, 'mm'), { recursive: true });
      writeFileSync(join(dir, side, PATH), text);
    }
    const diff = spawnSync('git', ['diff', '--no-index', '--no-prefix', 'a', 'b'], {
      cwd: dir,
      encoding: 'utf8',
    });
    const series = await readSeries(diff.stdout, 'edit.patch');
    return reviewSeries(series, openSource({ tree, series }), RULES, 'test');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The line of the `nth` occurrence of a text in do_set_mempolicy() of a file. */
function lineOf(file: string, text: string, nth = 0): number {
  let at = file.indexOf('static long do_set_mempolicy(') - 1;
  for (let i = 0; i <= nth; i++) {
    at = file.indexOf(text, at + 1);
    assert.ok(at > 0, text);
  }
  return file.slice(0, at).split('\n').length;
}

function one(reviewed: Reviewed, hazard: string): Finding {
  const { findings } = reviewed.review;
  assert.deepEqual(
    findings.map((f) => `${f.class} in ${f.function}()`),
    [`${hazard} in do_set_mempolicy()`],
    findings.map((f) => f.message).join('\n'),
  );
  const [finding] = findings as [Finding];
  assert.equal(finding.file, PATH);
  const stored = reviewed.programs.get(programOf(finding.replay)!);
  assert.deepEqual(replayToken(finding.replay, stored!), finding.schedule);
  return finding;
}

const UNLOCK = '\t\ttask_unlock(current);\n';
const PUT = '\t\tmpol_put(new);\n';

test('the error path of do_set_mempolicy() without task_unlock(): a missing unlock there', async () => {
  const after = edited(UNLOCK, '');
  const finding = one(await reviewEdit(after), 'missing-unlock');
  assert.ok(Math.abs(finding.line - lineOf(after, PUT)) <= 1, `line ${finding.line}`);
  assert.match(finding.message, /alloc_lock/);
  assert.match(finding.message, /task_unlock\(current\)/);
});

test('the error path of do_set_mempolicy() without mpol_put(new): a leaked reference', async () => {
  const after = edited(PUT, '');
  const finding = one(await reviewEdit(after), 'ref-leak');
  assert.ok(Math.abs(finding.line - lineOf(after, '\t\tgoto out;', 1)) <= 1, `line ${finding.line}`);
  assert.match(finding.message, /mpol_put\(new\)/);
});

test('the success path of do_set_mempolicy() without task_unlock()', async () => {
  const at = body.lastIndexOf('\ttask_unlock(current);\n');
  const after = original.replace(
    body,
    () => body.slice(0, at) + body.slice(at + '\ttask_unlock(current);\n'.length),
  );
  const finding = one(await reviewEdit(after), 'missing-unlock');
  assert.ok(Math.abs(finding.line - lineOf(after, 'mpol_put(old)')) <= 1, `line ${finding.line}`);
});

test('both mistakes at once are two findings', async () => {
  const after = edited(UNLOCK + PUT, '');
  const { review } = await reviewEdit(after);
  assert.deepEqual(review.findings.map((f) => f.class).sort(), ['missing-unlock', 'ref-leak']);
});

test('renamed locals are silent, and fix nothing', async () => {
  let after = body;
  for (const [from, to] of [
    ['new', 'fresh'],
    ['old', 'former'],
    ['ret', 'err'],
    ['scratch', 'pad'],
  ])
    after = after.replace(new RegExp(`\\b${from}\\b`, 'g'), to!);
  assert.notEqual(after, body);
  const { review } = await reviewEdit(original.replace(body, () => after));
  assert.deepEqual(review.findings, []);
  assert.deepEqual(review.fixed, []);
  assert.equal(review.stats.functions, 1);
});

test('edits that change nothing for locks and references are silent', async () => {
  for (const [from, to] of [
    ['\tif (IS_ERR(new)) {', '\tpr_debug("mode %d\\n", mode);\n\tif (IS_ERR(new)) {'],
    ['\tstruct mempolicy *new, *old;', '\tstruct mempolicy *new;\n\tstruct mempolicy *old;'],
    [
      '\t\tret = PTR_ERR(new);\n\t\tgoto out;',
      '\t\tNODEMASK_SCRATCH_FREE(scratch);\n\t\treturn PTR_ERR(new);',
    ],
  ] as const) {
    const { review } = await reviewEdit(edited(from, to));
    assert.deepEqual(review.findings, [], from);
    assert.deepEqual(review.fixed, [], from);
  }
});

const shared = process.env.LOCKSTEP_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const seed = join(shared, 'seeds/001.txt');

if (!existsSync(seed)) console.log(`# no ${seed}: set LOCKSTEP_SHARED to the directory with seeds/001.txt`);
else
  for (const [about, dir, more] of [
    ['its hunks alone', undefined, ['ref-leak', 'sleep-in-atomic', 'uninit-ref']],
    // All of them true: percpu_ref_init() under write_lock(), its error path, and a put of what was never set up.
    ['the tree', tree, ['missing-unlock', 'ref-leak', 'ref-leak', 'sleep-in-atomic', 'uninit-ref']],
  ] as const)
    test(`the archived mail on percpu_ref in mempolicy, seen through ${about}`, async () => {
      const series = await readSeries(readFileSync(seed, 'utf8'), seed);
      const source = openSource(dir === undefined ? { series } : { tree: dir, series });
      const { review, programs } = reviewSeries(series, source, RULES, 'test');
      const others = review.findings.filter((f) => f.function !== 'get_task_mpol');
      assert.deepEqual(
        others.map((f) => f.class).sort(),
        more,
        others.map((f) => `${f.line} ${f.function}(): ${f.message}`).join('\n'),
      );
      for (const other of others)
        assert.match(other.function, /^(?:shared_policy_replace|mpol_put|get_task_policy)$/);
      const [finding, again] = review.findings.filter((f) => f.function === 'get_task_mpol');
      assert.ok(finding, 'the inverted test is found');
      assert.equal(again, undefined);
      assert.equal(finding.class, 'tryget-misuse');
      const lines = series.patches.flatMap((p) => p.files.flatMap((f) => f.hunks.flatMap((h) => h.lines)));
      const tests = lines.filter((l) => l.kind === 'add' && /\|\| mpol_tryget\(pol\)/.test(l.text));
      assert.deepEqual(
        tests.map((l) => l.newLine),
        [finding.line],
      );
      const classes = [finding.schedule.violation.hazard, ...finding.consequences.map((c) => c.class)].sort();
      assert.deepEqual(classes, ['ref-leak', 'use-after-free']);
      for (const { replay, schedule } of [finding, ...finding.consequences])
        assert.deepEqual(replayToken(replay, programs.get(programOf(replay)!)!), schedule);
    });
