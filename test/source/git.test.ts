/** Base trees in a git repository: which commit a series applies to, and what is laid out of it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readSeries } from '../../src/patch/index.ts';
import { openGitSource } from '../../src/source/index.ts';
import { type Files, gitDiff, makeTree, writeTree } from './samples.ts';

const OLD: Files = {
  'mm/a.c': 'int a;\nint b;\nint c;\n',
  'include/linux/a.h': '#define A 1\n',
  'net/n.c': 'int n;\n',
};
const NEW: Files = { ...OLD, 'mm/a.c': 'int a;\nlong b;\nint c;\n' };

/** A bare repository with a branch for each version, a second apart. */
function makeRepository(t: TestContext, versions: Record<string, Files>): string {
  const work = makeTree(t, {});
  const git = (second: number, ...args: string[]) =>
    execFileSync('git', ['-C', work, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      env: {
        ...process.env,
        GIT_COMMITTER_DATE: `@${1_700_000_000 + second} +0000`,
        GIT_AUTHOR_DATE: `@${1_700_000_000} +0000`,
      },
    })
      .toString()
      .trim();
  git(0, 'init', '-q', '-b', 'start');
  for (const [i, [name, files]] of Object.entries(versions).entries()) {
    writeTree(work, files);
    git(i, 'add', '-A');
    git(i, 'commit', '-q', '--allow-empty', '-m', name);
    git(i, 'branch', name);
  }
  return work;
}

function commitOf(repository: string, name: string): string {
  return execFileSync('git', ['-C', repository, 'rev-parse', name]).toString().trim();
}

function cached(t: TestContext): void {
  const before = process.env.XDG_CACHE_HOME;
  process.env.XDG_CACHE_HOME = makeTree(t, {});
  t.after(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
  });
}

test('the newest branch to which the series applies; then the one that fits best', async (t) => {
  cached(t);
  const repository = makeRepository(t, { old: OLD, new: NEW, newest: { ...NEW, 'mm/a.c': 'int z;\n' } });
  const series = await readSeries(
    gitDiff(t, { 'mm/a.c': NEW['mm/a.c']! }, { 'mm/a.c': 'int a;\nlong b;\nlong c;\n' }),
    's',
  );
  const branches = ['old', 'new', 'newest', 'none'];
  const { source, base, close } = openGitSource(repository, branches, series);
  assert.deepEqual([base.name, base.note], ['new', '']);
  const { pre, post } = source.images(series.patches[0]!, series.patches[0]!.files[0]!);
  assert.equal(pre?.kind === 'whole' && pre.text, NEW['mm/a.c']);
  assert.equal(post?.kind === 'whole' && post.text, 'int a;\nlong b;\nlong c;\n');
  close();
  const none = openGitSource(repository, ['newest'], series);
  assert.match(none.base.note, /does not apply to newest; 1 of 1 files do not fit newest/);
  none.close();
  assert.throws(
    () => openGitSource(repository, ['none', '--all'], series),
    /no such branch or revision: none, --all/,
  );
  assert.throws(() => openGitSource(makeTree(t, {}), ['HEAD'], series), /not a git repository/);
});

test('a base commit that the mail names wins; one that is not there is said', async (t) => {
  cached(t);
  const repository = makeRepository(t, { old: OLD, new: NEW });
  const diff = gitDiff(t, { 'net/n.c': 'int n;\n' }, { 'net/n.c': 'long n;\n' });
  const named = (commit: string) =>
    readSeries(
      `From: A <a@example.org>\nDate: Mon, 2 Mar 2026 09:00:00 +0000\nSubject: [PATCH] x\n\nText.\n\n${diff}\nbase-commit: ${commit}\n`,
      's',
    );
  const old = openGitSource(repository, ['new'], await named(commitOf(repository, 'old')));
  assert.equal(old.base.commit, commitOf(repository, 'old'));
  old.close();
  const gone = openGitSource(repository, ['new'], await named('12345678'.repeat(5)));
  assert.equal(gone.base.note, 'base commit 123456781234 is not in the repository; applied to new');
  gone.close();
});

test('what is laid out: the parts that are looked in, only what differs written again, one directory for each user', async (t) => {
  cached(t);
  const repository = makeRepository(t, { old: OLD, new: NEW });
  const series = await readSeries(
    gitDiff(t, { 'mm/a.c': OLD['mm/a.c']! }, { 'mm/a.c': 'int a;\nint b;\n' }),
    's',
  );
  const one = openGitSource(repository, ['old'], series);
  const directory = one.source.tree!;
  assert.deepEqual(
    ['mm/a.c', 'include/linux/a.h', 'net/n.c'].map((path) => existsSync(join(directory, path))),
    [true, true, false],
  );
  const two = openGitSource(repository, ['new'], series);
  assert.notEqual(two.source.tree, directory);
  two.close();
  one.close();
  const header = statSync(join(directory, 'include/linux/a.h')).mtimeMs;
  const three = openGitSource(repository, ['new'], series);
  assert.equal(three.source.tree, directory);
  assert.equal(statSync(join(directory, 'include/linux/a.h')).mtimeMs, header);
  assert.equal(readFileSync(join(directory, 'mm/a.c'), 'utf8'), NEW['mm/a.c']);
  three.close();
});
