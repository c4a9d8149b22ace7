/** `lockstep check` from outside: what it prints where, and with which exit status. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTree } from '../source/samples.ts';
import { lockstep } from './run.ts';

const EXAMPLE = 'examples/task-policy.patch';
const TEXT = readFileSync(new URL('../../examples/task-policy.patch', import.meta.url), 'utf8');

test('the bundled example: a finding, its diagram, exit status 1', async () => {
  const { status, out, err } = await lockstep(['check', EXAMPLE]);
  assert.equal(status, 1, err);
  assert.equal(err, '');
  assert.match(out, /^mm\/task_policy\.c:\d+: [a-z-]+: /m);
  assert.match(out, /CPU 0 +CPU 1\n/);
  assert.match(out, /<-- /);
  assert.match(out, /Lockstep: \d+ findings? \(1 patch, 2 files, \d+ functions\)\n$/);
});

test('the same input gives the same bytes, from a file or from standard input', async () => {
  const first = await lockstep(['check', '--format', 'json', EXAMPLE]);
  const second = await lockstep(['check', '--format', 'json', '-'], TEXT);
  assert.equal(second.out, first.out);
  assert.equal(second.status, 1);
});

test('--fail-on says what counts', async () => {
  const { out } = await lockstep(['check', '--format', 'json', EXAMPLE]);
  const sure = JSON.parse(out).findings.some(
    (finding: { confidence: string }) => finding.confidence === 'proven',
  );
  assert.equal((await lockstep(['check', '--fail-on', 'proven', EXAMPLE])).status, sure ? 1 : 0);
  assert.equal((await lockstep(['check', '--fail-on', 'note', EXAMPLE])).status, 1);
});

test('mail: a reply to the author', async () => {
  const { out, status } = await lockstep(['check', '--format', 'mail', EXAMPLE]);
  assert.equal(status, 1);
  assert.match(out, /^To: Robin Example <robin@example\.org>\nSubject: Re: \[PATCH v2\] mm: /);
});

test('a correct patch is quiet', async () => {
  const right = TEXT.replace('|| mpol_tryget(pol)', '|| !mpol_tryget(pol)');
  const { status, out } = await lockstep(['check', '-'], right);
  assert.equal(out, 'Lockstep: nothing to report (1 patch, 2 files, 5 functions)\n');
  assert.equal(status, 0);
});

test('a finding is replayed from its token, with the patch or without', async () => {
  const review = JSON.parse((await lockstep(['check', '--format', 'json', EXAMPLE])).out);
  assert.ok(review.findings.length > 0);
  for (const finding of review.findings)
    for (const { replay, schedule } of [finding, ...finding.consequences])
      for (const files of [[], [EXAMPLE]]) {
        const json = await lockstep(['replay', '--format', 'json', replay, ...files]);
        assert.equal(json.status, 0, json.err);
        assert.deepEqual(JSON.parse(json.out), schedule);
        const text = await lockstep(['replay', replay, ...files]);
        assert.ok(text.out.includes(schedule.violation.hazard), text.out);
      }
});

test('a token that cannot be replayed is refused in one line', async () => {
  const review = JSON.parse((await lockstep(['check', '--format', 'json', EXAMPLE])).out);
  const { replay } = review.findings[0];
  const changed = TEXT.replace('MPOL_DEFAULT', 'MPOL_LOCAL').replace('|| mpol_tryget', '|| !mpol_tryget');
  for (const [args, input] of [
    [['nonsense'], ''],
    [[replay, '-'], changed],
  ] as const) {
    const { status, out, err } = await lockstep(['replay', ...args], input);
    assert.equal(status, 2);
    assert.equal(out, '');
    assert.equal(err.trim().split('\n').length, 1, err);
    assert.doesNotMatch(err, /internal/);
  }
});

test('bad input is one line that names it, exit status 2', async (t) => {
  const tree = makeTree(t, {
    'empty.patch': '',
    'prose.txt': 'Dear list,\n',
    'cut.patch': TEXT.split('\n').slice(0, 40).join('\n'),
  });
  writeFileSync(join(tree, 'binary'), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0]));
  for (const [name, complaint] of [
    ['missing.patch', 'no such file or directory'],
    ['empty.patch', 'empty; expected a patch or a mail with one'],
    ['binary', 'binary data; expected a patch or a mail with one'],
    ['prose.txt', 'no patch found; expected a diff, a mail with one, or a mailbox'],
    ['', 'is a directory'],
  ] as const) {
    const path = name === '' ? tree : join(tree, name);
    assert.deepEqual(await lockstep(['check', path]), { status: 2, out: '', err: `${path}: ${complaint}\n` });
  }
  const cut = await lockstep(['check', join(tree, 'cut.patch')]);
  assert.equal(cut.status, 2);
  assert.match(cut.err, /cut\.patch:23: truncated hunk: .* \(mm\/task_policy\.c\)\n$/);
  const noTree = await lockstep(['check', '--tree', join(tree, 'nowhere'), EXAMPLE]);
  assert.deepEqual(noTree, {
    status: 2,
    out: '',
    err: `${join(tree, 'nowhere')}: no such file or directory\n`,
  });
});

test('a patch without C is said to be one, exit status 0', async () => {
  const { status, out } = await lockstep(['check', '-'], '--- a/README\n+++ b/README\n@@ -1 +1 @@\n-a\n+b\n');
  assert.equal(out, '-: no C in the patch: nothing to review\n');
  assert.equal(status, 0);
});

test('wrong usage is exit status 2, help and version are 0', async () => {
  for (const args of [
    ['check'],
    ['chekc'],
    ['check', '--format', 'xml', EXAMPLE],
    ['check', '--fail-on', 'maybe', EXAMPLE],
  ]) {
    const { status, err, out } = await lockstep(args);
    assert.equal(status, 2, args.join(' '));
    assert.equal(out, '');
    assert.match(err, /^lockstep: /);
  }
  const help = await lockstep(['check', '--help']);
  assert.equal(help.status, 0);
  assert.match(help.out, /Examples:\n {2}lockstep check /);
  assert.match((await lockstep(['--version'])).out, /^\d+\.\d+\.\d+\n$/);
});

test('no colour without a terminal', async () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for.
  assert.doesNotMatch((await lockstep(['check', EXAMPLE], '', { FORCE_COLOR: '1' })).out, /\x1b/);
});

test('a reader that goes away is no error', () => {
  const command = `"${process.execPath}" bin/lockstep.js check --format json ${EXAMPLE} | true`;
  const run = spawnSync('sh', ['-c', command], { encoding: 'utf8', cwd: new URL('../..', import.meta.url) });
  assert.equal(run.stderr, '');
});
