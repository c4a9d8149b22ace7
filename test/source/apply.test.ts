/** Applying patches to a tree: git makes the patch, and the images must be the files it was made from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allImages, body, gitDiff, makeTree, read, textOf } from './samples.ts';

/** A file of lines that repeat now and then, as C does, and some edits of it. */
const edited = fc
  .record({
    lines: fc.array(
      fc.constantFrom('\tx = 1;', '}', '{', '', '\tif (x)', '\t\treturn;', '/* note */', '\ty(x);'),
      {
        minLength: 1,
        maxLength: 60,
      },
    ),
    edits: fc.array(
      fc.record({
        at: fc.nat(60),
        drop: fc.nat(3),
        add: fc.array(fc.constantFrom('\tnew(1);', '-- odd', '++ odd', '', '}'), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ lines, edits }) => {
    const numbered = lines.map((line, i) => (i % 3 === 0 ? `${line} /* ${i} */` : line));
    const after = [...numbered];
    for (const { at, drop, add } of edits) after.splice(at % (after.length + 1), drop, ...add);
    return { before: `${numbered.join('\n')}\n`, after: after.length === 0 ? '' : `${after.join('\n')}\n` };
  })
  .filter(({ before, after }) => before !== after && after !== '');

test('any edit: git diff, read and applied, gives the file that git had', async (t) => {
  await fc.assert(
    fc.asyncProperty(edited, async ({ before, after }) => {
      const diff = gitDiff(t, { 'x.c': before }, { 'x.c': after });
      const images = allImages(await read(diff), makeTree(t, { 'x.c': before })).get('x.c')!;
      assert.equal(images.note, undefined);
      assert.equal(textOf(images.pre), before);
      assert.equal(textOf(images.post), after);
    }),
    { numRuns: 60, seed: 7 },
  );
});

/** Edits of a file in which no line occurs twice, so that there is one way only to read a patch. */
const distinct = fc
  .array(fc.record({ at: fc.nat(40), drop: fc.nat(3), add: fc.nat(3) }), { minLength: 1, maxLength: 4 })
  .map((edits) => {
    const before = Array.from({ length: 40 }, (_, i) => `\told(${i});`);
    const after = [...before];
    for (const [n, { at, drop, add }] of edits.entries())
      after.splice(at, drop, ...Array.from({ length: add }, (_, i) => `\tnew(${n}, ${i});`));
    return { before: `${before.join('\n')}\n`, after: `${after.join('\n')}\n` };
  })
  .filter(({ before, after }) => before !== after);

test('any edit: a tree that has it already gives the same two images', async (t) => {
  await fc.assert(
    fc.asyncProperty(distinct, async ({ before, after }) => {
      const series = await read(gitDiff(t, { 'x.c': before }, { 'x.c': after }));
      const images = allImages(series, makeTree(t, { 'x.c': after })).get('x.c')!;
      assert.equal(textOf(images.pre), before);
      assert.equal(textOf(images.post), after);
    }),
    { numRuns: 60, seed: 7 },
  );
});

const FUNCTION = `int f(void)\n{\n${body(12)}\treturn 0;\n}\n`;
const CHANGED = FUNCTION.replace('\tf(5);\n', '\tg(5);\n\tg(6);\n');

test('a patch that applies at an offset, and the lines that it touches there', async (t) => {
  const diff = gitDiff(t, { 'x.c': FUNCTION }, { 'x.c': CHANGED });
  const shifted = `${body(40, 'other')}${FUNCTION}`;
  const images = allImages(await read(diff), makeTree(t, { 'x.c': shifted })).get('x.c')!;
  assert.equal(textOf(images.post), `${body(40, 'other')}${CHANGED}`);
  assert.deepEqual([...images.post!.touched], [48, 49]);
  assert.deepEqual([...images.pre!.touched], [48]);
  assert.deepEqual([...images.post!.gaps], [48]);
});

test('up to two context lines may differ, the tree keeps its own', async (t) => {
  const diff = gitDiff(t, { 'x.c': FUNCTION }, { 'x.c': CHANGED });
  for (const [line, applies] of [
    ['f(2)', true],
    ['f(3)', true],
    ['f(4)', false],
  ] as const) {
    const images = allImages(await read(diff), makeTree(t, { 'x.c': FUNCTION.replace(line, 'h(9)') })).get(
      'x.c',
    )!;
    assert.equal(images.post!.kind, applies ? 'whole' : 'hunks', line);
    if (applies) assert.equal(textOf(images.post), CHANGED.replace(line, 'h(9)'));
  }
});

test('white space that mail lost is taken from the tree', async (t) => {
  const squeezed = gitDiff(t, { 'x.c': FUNCTION }, { 'x.c': CHANGED })
    .replace(/^ \s*(\S.*)$/gm, '$1')
    .replace(/^([-+])\t+/gm, '$1 ');
  const series = await read(squeezed);
  assert.equal(series.patches[0]!.indentationLost, true);
  const images = allImages(series, makeTree(t, { 'x.c': FUNCTION })).get('x.c')!;
  assert.equal(textOf(images.post), CHANGED.replace('\tg(5);\n\tg(6);', 'g(5);\ng(6);'));
});

test('a file that does not apply is seen through its hunks, and the note says which hunk', async (t) => {
  const after = CHANGED.replace('return 0', 'return 1');
  const diff = gitDiff(
    t,
    { 'mm/x.c': `${FUNCTION}${body(20, 'z')}` },
    { 'mm/x.c': `${after}${body(20, 'z')}` },
  );
  const images = allImages(await read(diff), makeTree(t, { 'mm/x.c': 'int other;\n' })).get('mm/x.c')!;
  assert.match(images.note!, /^mm\/x\.c: hunk @@ -5,14 \+5,15 @@ does not apply to the tree/);
  assert.equal(images.post!.kind, 'hunks');
  assert.equal(images.pre!.kind, 'hunks');
  const missing = allImages(await read(diff), makeTree(t, {})).get('mm/x.c')!;
  assert.match(missing.note!, /^mm\/x\.c is not in the tree/);
});
