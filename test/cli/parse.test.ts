/** `lockstep parse` and `lockstep index` from outside. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTree } from '../source/samples.ts';
import { lockstep } from './run.ts';

const BOX = `#include <linux/box.h>

static void box_hold(struct box *b)
{
	spin_lock(&b->lock);
}

/**
 * box_fill - fill it
 *
 * Must be called with b->lock held.
 */
int box_fill(struct box *b, int n)
{
	if (n > 3)
		return -EINVAL;
	task_lock(current);
	b->n = n;
	task_unlock(current);
	refill(b);
	return 0;
}
`;

const FILES = {
  'mm/box.c': BOX,
  'mm/lid.c':
    'static void box_hold(struct box *b)\n{\n}\n\nint lid(void)\n{\n\tasm("nop");\n\treturn 1;\n}\n',
  'include/linux/box.h': 'struct box { spinlock_t lock; int n; };\nint box_fill(struct box *b, int n);\n',
};

test('an overview of a file: functions, lines, contracts', async (t) => {
  const tree = makeTree(t, FILES);
  const { status, out, err } = await lockstep(['parse', '--tree', tree, 'mm/box.c']);
  assert.equal(err, '');
  assert.equal(status, 0);
  assert.equal(
    out,
    `mm/box.c:3: void box_hold(struct box *b): 4 lines, 1 statements
mm/box.c:13: int box_fill(struct box *b, int n): 10 lines, 7 statements
  must be called with b->lock held (line 11)
`,
  );
});

test('a function is found through the tree, or named with its file', async (t) => {
  const tree = makeTree(t, FILES);
  for (const what of ['box_fill', 'mm/box.c:box_fill']) {
    const { out, status } = await lockstep(['parse', '--tree', tree, '--ops', what]);
    assert.equal(status, 0);
    assert.match(out, /^box_fill\(b, n\)\n {6}11 {2}assert-held b->lock\n/);
    assert.match(out, /\n {6}17 {2}lock spin current->alloc_lock\n/);
    assert.match(out, /\n {6}15 {2}if !\(n <= 3\) goto L1\n/);
  }
  const two = await lockstep(['parse', '--tree', tree, 'box_hold']);
  assert.match(two.out, /^mm\/(box|lid)\.c:\d: void box_hold/);
  assert.match(two.out, /\nalso in mm\/(box|lid)\.c:\d\n$/);
  const ops = await lockstep(['parse', '--tree', tree, '--ops', 'box_hold']);
  assert.match(ops.err, /^box_hold: taking mm\/\w+\.c:\d; also in mm\/\w+\.c:\d\n$/);
});

test('summaries and graphs', async (t) => {
  const tree = makeTree(t, FILES);
  const summary = await lockstep(['parse', '--tree', tree, '--summary', 'mm/box.c:box_hold']);
  assert.match(summary.out, /^box_hold\(b\): 1 way to return\n {2}returns 0;.* locks spin b->lock/);
  const cfg = await lockstep(['parse', '--tree', tree, '--cfg', 'box_fill']);
  assert.match(cfg.out, /^box_fill\(struct box \* b, int n\): int\n/);
  assert.match(cfg.out, /call task_lock\(current\)/);
});

test('statistics: exactly these fields, over files, directories and patterns', async (t) => {
  const tree = makeTree(t, FILES);
  for (const words of [['mm'], ['mm/box.c', 'mm/lid.c'], ['mm/*.c']]) {
    const { out } = await lockstep(['parse', '--stats', '--format', 'json', '--tree', tree, ...words]);
    assert.deepEqual(JSON.parse(out), {
      functions: 4,
      skippedFunctions: 0,
      statements: 10,
      opaqueStatements: 1,
      files: [
        { path: 'mm/box.c', functions: 2, skippedFunctions: 0, statements: 8, opaqueStatements: 0 },
        { path: 'mm/lid.c', functions: 2, skippedFunctions: 0, statements: 2, opaqueStatements: 1 },
      ],
    });
  }
  const { out } = await lockstep(['parse', '--stats', '--tree', tree, 'mm']);
  assert.match(out, /^ functions {3}skipped statements {4}opaque\n(?:.*\n)* .* 2 files\n$/);
});

test('every mode has JSON', async (t) => {
  const tree = makeTree(t, FILES);
  const json = async (...args: string[]) =>
    JSON.parse((await lockstep(['parse', '--format', 'json', '--tree', tree, ...args])).out);
  assert.equal((await json('box_fill')).functions[0].contracts[0].kind, 'must-hold');
  assert.equal((await json('--ops', 'box_fill'))[0].operations[0].text, 'assert-held b->lock');
  assert.equal((await json('--summary', 'box_fill'))[0].summary.alternatives.length > 0, true);
  assert.equal((await json('--cfg', 'box_fill'))[0].nodes[0].line, 15);
});

test('without a tree, a file is read by itself; a configuration decides its #ifs', async (t) => {
  const tree = makeTree(t, {
    'a.c':
      '#ifdef CONFIG_NUMA\nint numa(void)\n{\n\treturn 1;\n}\n#else\nint flat(void)\n{\n\treturn 0;\n}\n#endif\n',
    y: 'CONFIG_NUMA=y\n',
    n: '# CONFIG_NUMA is not set\n',
    'not-a-config': 'hello\n',
  });
  const names = async (...args: string[]) =>
    (await lockstep(['parse', ...args, join(tree, 'a.c')])).out.replace(/^.*?: int (\w+).*\n$/, '$1');
  assert.equal(await names(), 'numa');
  assert.equal(await names('--config', join(tree, 'y')), 'numa');
  assert.equal(await names('--config', join(tree, 'n')), 'flat');
  const { status, err } = await lockstep([
    'parse',
    '--config',
    join(tree, 'not-a-config'),
    join(tree, 'a.c'),
  ]);
  assert.equal(status, 2);
  assert.match(err, /not-a-config: no CONFIG_ line; expected a kernel configuration\n$/);
});

test('bad input is one line, exit status 2', async (t) => {
  const tree = makeTree(t, { ...FILES, binary: 'a\0b' });
  for (const [args, complaint] of [
    [['nowhere.c'], 'nowhere.c: no such file or directory'],
    [['box_fill'], 'box_fill: no such file; to look for a function of that name, give --tree DIR'],
    [
      ['--tree', tree, 'nobody'],
      `nobody: no function of that name in ${tree}; FILE:FUNCTION names one of a file`,
    ],
    [['--tree', tree, 'mm/box.c:nobody'], 'mm/box.c: no function nobody in it'],
    [['--tree', join(tree, 'none'), 'x'], `${join(tree, 'none')}: no such file or directory`],
    [['--tree', tree, 'mm/box.c', 'mm/lid.c'], 'mm/lid.c: only --stats takes more than one file'],
    [['--ops', '--cfg', 'x.c'], '--cfg: cannot be combined with --ops'],
    [['--stats', 'none'], 'none: no such file or directory with C in it'],
    [[join(tree, 'binary')], `${join(tree, 'binary')}: binary data; expected C`],
  ] as const) {
    const { status, out, err } = await lockstep(['parse', ...args]);
    assert.equal(out, '', args.join(' '));
    assert.ok(
      err === `${complaint}\n` || (complaint.includes('combined') && err.endsWith(`with --cfg\n`)),
      `${args.join(' ')}: ${err}`,
    );
    assert.equal(status, 2);
  }
});

test('index: how many files, and where it is kept; twice the same', async (t) => {
  const tree = makeTree(t, FILES);
  const first = await lockstep(['index', '--tree', tree]);
  assert.match(first.out, /^3 files indexed, kept in .*lockstep\n$/);
  assert.equal(first.status, 0);
  assert.deepEqual(await lockstep(['index', '--tree', tree]), first);
  const empty = makeTree(t, { README: 'no\n' });
  const { status, err } = await lockstep(['index', '--tree', empty]);
  assert.equal(status, 2);
  assert.equal(err, `${empty}: no kernel source: none of mm, kernel, include/linux has a C file\n`);
});

test('check reads the tree under a configuration', async (t) => {
  const file = (body: string): string =>
    `struct box { spinlock_t lock; int n; };\n\n#ifdef CONFIG_NUMA\nint fill(struct box *b)\n{\n\tspin_lock(&b->lock);\n\tif (b->n)\n${body}\tspin_unlock(&b->lock);\n\treturn 0;\n}\n#endif\n`;
  const tree = makeTree(t, {
    'mm/box.c': file('\t\tb->n = 2;\n'),
    y: 'CONFIG_NUMA=y\n',
    'include/linux/none.h': '\n',
    patch:
      '--- a/mm/box.c\n+++ b/mm/box.c\n@@ -5,6 +5,6 @@ int fill(struct box *b)\n {\n \tspin_lock(&b->lock);\n \tif (b->n)\n-\t\tb->n = 2;\n+\t\treturn 1;\n \tspin_unlock(&b->lock);\n \treturn 0;\n',
  });
  const run = (...args: string[]) =>
    lockstep(['check', '--tree', tree, '--format', 'json', ...args, join(tree, 'patch')]);
  const found = JSON.parse((await run('--config', join(tree, 'y'))).out).findings;
  assert.deepEqual(
    found.map((f: { class: string }) => f.class),
    ['missing-unlock'],
  );
  const { status, err } = await run('--config', join(tree, 'mm/box.c'));
  assert.equal(status, 2);
  assert.match(err, /box\.c: no CONFIG_ line; expected a kernel configuration\n$/);
});
