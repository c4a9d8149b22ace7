/** Images of whole series, from hunks alone, and what names from mail must not reach. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { InputError } from '../../src/patch/index.ts';
import { changedLines, openSource, patchLine } from '../../src/source/index.ts';
import { allImages, body, gitDiff, makeTree, read, textOf } from './samples.ts';

const ONE = `int one(void)\n{\n${body(8)}}\n`;
const TWO = ONE.replace('f(3)', 'g(3)');
const THREE = TWO.replace('f(4)', 'g(4)');

function asMail(n: number, total: number, diff: string): string {
  return `From a@b.c Mon Mar  2 09:00:00 2026\nFrom: A <a@b.c>\nSubject: [PATCH ${n}/${total}] x${n}\nMessage-ID: <${n}@x>\n\nText.\n---\n${diff}-- \n2.39\n\n`;
}

test('patches of a series are applied on top of each other, in the order asked or not', async (t) => {
  const series = await read(
    asMail(1, 2, gitDiff(t, { 'x.c': ONE }, { 'x.c': TWO })) +
      asMail(2, 2, gitDiff(t, { 'x.c': TWO }, { 'x.c': THREE })),
  );
  const [first, second] = series.patches;
  for (const have of [ONE, TWO, THREE]) {
    const source = openSource({ tree: makeTree(t, { 'x.c': have }), series });
    const late = source.images(second!, second!.files[0]!);
    const early = source.images(first!, first!.files[0]!);
    assert.deepEqual([early.pre, early.post, late.pre, late.post].map(textOf), [ONE, TWO, TWO, THREE]);
    assert.equal(source.images(first!, first!.files[0]!), early);
    assert.equal(source.read('x.c'), THREE);
  }
});

test('new, deleted and renamed files', async (t) => {
  const before = { 'gone.c': ONE, 'old.c': `${ONE}${body(30, 'k')}` };
  const after = {
    'fresh.c': TWO.replaceAll('one', 'fresh').replaceAll('f(', 'q('),
    'new.c': `${TWO}${body(30, 'k')}`,
  };
  const series = await read(gitDiff(t, before, after));
  for (const tree of [makeTree(t, before), makeTree(t, after)]) {
    const images = allImages(series, tree);
    assert.equal(images.get('fresh.c')!.pre, null);
    assert.equal(textOf(images.get('fresh.c')!.post), after['fresh.c']);
    assert.equal(textOf(images.get('gone.c')!.pre), before['gone.c']);
    assert.equal(images.get('gone.c')!.post, null);
    assert.equal(textOf(images.get('new.c')!.pre), before['old.c']);
    assert.equal(textOf(images.get('new.c')!.post), after['new.c']);
  }
  const alone = allImages(series);
  assert.equal(textOf(alone.get('fresh.c')!.post), after['fresh.c']);
  assert.equal(alone.get('new.c')!.post!.kind, 'hunks');
});

test('hunks alone: pieces with their lines, what was touched and where lines are gone', async (t) => {
  const before = `${body(10)}${ONE}`;
  const after = before.replace('\tf(3);\n\tf(4);\n', '\tg(3);\n').replace('int one', 'long one');
  const { pre, post } = allImages(await read(gitDiff(t, { 'x.c': before }, { 'x.c': after }))).get('x.c')!;
  assert.ok(post?.kind === 'hunks' && pre?.kind === 'hunks');
  assert.equal(post.pieces.length, pre.pieces.length);
  const shown = new Map(
    post.pieces.flatMap((piece) =>
      piece.text
        .trimEnd()
        .split('\n')
        .map((line, i): [number, string] => [piece.startLine + i, line]),
    ),
  );
  const lines = after.split('\n');
  for (const [number, line] of shown) assert.equal(line, lines[number - 1]);
  assert.deepEqual(
    [...changedLines(post).touched].map((n) => lines[n - 1]),
    ['\tg(3);', 'long one(void)'],
  );
  assert.deepEqual(
    [...changedLines(post).gaps].map((n) => lines[n - 1]),
    ['\tg(3);', 'long one(void)'],
  );
});

test('a deletion at the very end is marked behind the last line', async (t) => {
  const { post } = allImages(await read(gitDiff(t, { 'x.c': body(6) }, { 'x.c': body(5) }))).get('x.c')!;
  assert.deepEqual([...changedLines(post!).gaps], [6]);
});

test('lines of an image as the patch numbers them', async (t) => {
  const series = await read(gitDiff(t, { 'x.c': ONE }, { 'x.c': TWO }));
  const { post } = allImages(series, makeTree(t, { 'x.c': `${body(20, 'p')}${ONE}` })).get('x.c')!;
  assert.equal(patchLine(post!, 26), 6);
  assert.equal(patchLine(post!, 30), 10);
  const alone = allImages(series).get('x.c')!;
  assert.equal(patchLine(alone.post!, 6), 6);
});

test('a file with a damaged hunk is never applied', async (t) => {
  const diff = gitDiff(t, { 'x.c': `${ONE}${body(30, 'k')}` }, { 'x.c': `${TWO}${body(29, 'k')}` });
  const series = await read(diff.split('\n').slice(0, -4).join('\n'));
  const { post, note } = allImages(series, makeTree(t, { 'x.c': `${ONE}${body(30, 'k')}` })).get('x.c')!;
  assert.equal(post!.kind, 'hunks');
  assert.match(note!, /a damaged hunk was left out/);
});

test('names that lead out of the tree read nothing', async (t) => {
  const outside = makeTree(t, { 'secret.c': ONE });
  const tree = makeTree(t, { 'mm/in.c': ONE });
  symlinkSync(outside, join(tree, 'link'));
  symlinkSync(join(tree, 'mm/in.c'), join(tree, 'inside.c'));
  const source = openSource({ tree });
  assert.equal(source.read('inside.c'), ONE);
  const name = outside.split('/').at(-1)!;
  for (const path of [
    `../${name}/secret.c`,
    `${outside}/secret.c`,
    'link/secret.c',
    'mm/../../x',
    'mm',
    '',
    'a\0b',
  ])
    assert.equal(source.read(path), null, path);
  const series = await read(
    gitDiff(t, { 'x.c': ONE }, { 'x.c': TWO }).replaceAll('x.c', `../${name}/secret.c`),
  );
  const [images] = allImages(series, tree).values();
  assert.match(images!.note!, /is not in the tree/);
});

test('a tree that is none is refused', (t) => {
  const tree = makeTree(t, { file: 'x' });
  assert.throws(
    () => openSource({ tree: join(tree, 'file') }),
    new InputError(join(tree, 'file'), 0, 'not a directory'),
  );
  assert.throws(() => openSource({ tree: join(tree, 'none') }), /no such file/);
});
