/** Diffs by themselves: hunks, names, and what git, diff and quilt write around them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FilePatch, readSeries } from '../../src/patch/index.ts';
import { addsUp, DIFF, show } from './samples.ts';

async function files(text: string): Promise<FilePatch[]> {
  return (await readSeries(text, 'x.patch')).patches.flatMap((patch) => patch.files);
}

test('lines carry their numbers before and after, and the line of the input', async () => {
  const [file] = await files(DIFF);
  const [first, second] = file!.hunks;
  assert.equal(first!.heading, 'static void pond_fill(struct pond *p)');
  assert.equal(
    show(first!),
    '10 10  {\n11 11  \tint level;\n12 12  \n13 0 -\tlevel = p->level;\n0 13 +\tspin_lock(&p->lock);\n' +
      '0 14 +\tlevel = p->level++;\n14 15  \n15 16  \tpond_show(level);\n16 17  }',
  );
  assert.equal(second!.lines[3]!.kind, 'delete');
  assert.equal(second!.lines[3]!.text, '-- first');
  assert.equal(DIFF.split('\n')[second!.lines[3]!.inputLine - 1], '--- first');
  assert.equal(second!.inputLine, 15);
});

const HUNK = '@@ -1,2 +1,2 @@\n a\n-b\n+c\n';

const NAMES: [string, string, Partial<FilePatch>][] = [
  [
    'git',
    `diff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n${HUNK}`,
    { oldPath: 'x.c', newPath: 'x.c', kind: 'modify' },
  ],
  [
    'no prefixes',
    `diff --git mm/x.c mm/x.c\n--- mm/x.c\n+++ mm/x.c\n${HUNK}`,
    { oldPath: 'mm/x.c', newPath: 'mm/x.c' },
  ],
  [
    'mnemonic prefixes',
    `diff --git i/x.c w/x.c\n--- i/x.c\n+++ w/x.c\n${HUNK}`,
    { oldPath: 'x.c', newPath: 'x.c' },
  ],
  [
    'a folder called a',
    `diff --git a/a/x.c b/a/x.c\n--- a/a/x.c\n+++ b/a/x.c\n${HUNK}`,
    { newPath: 'a/x.c' },
  ],
  [
    'plain diff with dates',
    `--- mm/x.c.orig\t2026-01-01 10:00:00.000000000 +0100\n+++ mm/x.c\t2026-01-02 10:00:00 +0100\n${HUNK}`,
    { oldPath: 'mm/x.c', newPath: 'mm/x.c', kind: 'modify' },
  ],
  [
    'two trees',
    `diff -urN old/mm/x.c new/mm/x.c\n--- old/mm/x.c\t2026-01-01 10:00:00\n+++ new/mm/x.c\t2026-01-01\n${HUNK}`,
    { oldPath: 'mm/x.c', newPath: 'mm/x.c' },
  ],
  [
    'quilt',
    `Index: linux/mm/x.c\n===================================================================\n--- linux.orig/mm/x.c\n+++ linux/mm/x.c\n${HUNK}`,
    { oldPath: 'mm/x.c', newPath: 'mm/x.c' },
  ],
  [
    'quoted names',
    `diff --git "a/t\\303\\244st\\t1.c" "b/t\\303\\244st\\t1.c"\n--- "a/t\\303\\244st\\t1.c"\n+++ "b/t\\303\\244st\\t1.c"\n${HUNK}`,
    { oldPath: 'täst\t1.c', newPath: 'täst\t1.c' },
  ],
  [
    'blanks in names',
    `diff --git a/my file.c b/my file.c\n--- a/my file.c\t\n+++ b/my file.c\t\n${HUNK}`,
    { newPath: 'my file.c' },
  ],
  [
    'new',
    'diff --git a/n.c b/n.c\nnew file mode 100644\nindex 000..111\n--- /dev/null\n+++ b/n.c\n@@ -0,0 +1 @@\n+x\n',
    { oldPath: '', newPath: 'n.c', kind: 'add' },
  ],
  [
    'new by diff -N',
    '--- x/n.c\t1970-01-01 01:00:00.000000000 +0100\n+++ y/n.c\t2026-01-01 01:00:00\n@@ -0,0 +1 @@\n+x\n',
    { oldPath: '', kind: 'add' },
  ],
  [
    'deleted',
    'diff --git a/n.c b/n.c\ndeleted file mode 100644\n--- a/n.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n',
    { oldPath: 'n.c', newPath: '', kind: 'delete' },
  ],
  [
    'empty new file',
    'diff --git a/e.c b/e.c\nnew file mode 100644\nindex 000..e69\n',
    { oldPath: '', newPath: 'e.c', kind: 'add' },
  ],
  [
    'renamed',
    'diff --git a/o.c b/n.c\nsimilarity index 100%\nrename from o.c\nrename to n.c\n',
    { oldPath: 'o.c', newPath: 'n.c', kind: 'rename' },
  ],
  [
    'renamed and changed',
    `diff --git a/o.c b/n.c\nsimilarity index 80%\nrename from o.c\nrename to n.c\n--- a/o.c\n+++ b/n.c\n${HUNK}`,
    { oldPath: 'o.c', newPath: 'n.c', kind: 'rename' },
  ],
  [
    'copied',
    'diff --git a/o.c b/n.c\nsimilarity index 100%\ncopy from o.c\ncopy to n.c\n',
    { oldPath: 'o.c', newPath: 'n.c', kind: 'copy' },
  ],
  [
    'mode',
    'diff --git a/s.sh b/s.sh\nold mode 100644\nnew mode 100755\n',
    { oldPath: 's.sh', newPath: 's.sh', kind: 'modify' },
  ],
  [
    'binary',
    'diff --git a/i.png b/i.png\nindex 11..22 100644\nBinary files a/i.png and b/i.png differ\n',
    { newPath: 'i.png', binary: true },
  ],
  [
    'binary patch',
    'diff --git a/i.png b/i.png\nindex 11..22 100644\nGIT binary patch\nliteral 5\nMcmZ=~\n\nliteral 0\nHcmV?d\n\n',
    { newPath: 'i.png', binary: true },
  ],
];

for (const [name, text, expected] of NAMES)
  test(`file header: ${name}`, async () => {
    const [file, ...more] = await files(text);
    assert.equal(more.length, 0);
    for (const [key, value] of Object.entries(expected))
      assert.equal(file![key as keyof FilePatch], value, key);
    assert.equal(file!.incomplete, false);
  });

test('a missing newline at the end of a file is not a line', async () => {
  const text = `--- a/x.c\n+++ b/x.c\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n${DIFF}`;
  const [first, second] = await files(text);
  assert.equal(show(first!.hunks[0]!), '1 1  a\n2 0 -b\n0 2 +c');
  assert.equal(second!.hunks.length, 2);
});

test('windows line ends and UTF-16 are read like any other', async () => {
  const plain = await readSeries(DIFF, 'x');
  const crlf = await readSeries(DIFF.replaceAll('\n', '\r\n'), 'x');
  const utf16 = await readSeries(Buffer.from(`\ufeff${DIFF}`, 'utf16le'), 'x');
  assert.deepEqual(crlf.patches[0]!.files, plain.patches[0]!.files);
  assert.deepEqual(utf16.patches[0]!.files, plain.patches[0]!.files);
});

test('git log -p gives one patch for each commit, oldest first', async () => {
  const commit = (hash: string, title: string, diff: string) =>
    `commit ${hash}\nAuthor: Ada Writer <ada@example.org>\nDate:   Mon Mar 2 09:00:00 2026 +0000\n\n    ${title}\n    \n    Why.\n\n${diff}\n`;
  const deep = DIFF.replace(' 	int level;', '    	int level;');
  const series = await readSeries(
    commit('b'.repeat(40), 'second', deep) + commit('a'.repeat(40), 'first', DIFF),
    'log',
  );
  assert.deepEqual(
    series.patches.map((patch) => [patch.subject, patch.message, patch.from]),
    [
      ['first', 'Why.', 'Ada Writer <ada@example.org>'],
      ['second', 'Why.', 'Ada Writer <ada@example.org>'],
    ],
  );
  assert.ok(addsUp(series));
  assert.equal(series.patches[1]!.files[0]!.hunks[0]!.lines[1]!.text, '   \tint level;');
});

test('a combined diff is left out with its reason', async () => {
  const series = await readSeries(
    `diff --cc mm/m.c\nindex 1,2..3\n--- a/mm/m.c\n+++ b/mm/m.c\n@@@ -1,1 -1,1 +1,1 @@@\n++x\n${DIFF}`,
    'x',
  );
  assert.equal(series.patches[0]!.files.length, 1);
  assert.match(series.skipped[0]!.reason, /^x:1: combined diff of a merge/);
  assert.equal(series.skipped[0]!.file, 'mm/m.c');
});
