/** The tree index: what it finds, that it keeps up with changes, and that its cache may be damaged or shared. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { dumpCfg, openTree, type Tree } from '../../src/c/index.ts';

const root = mkdtempSync(join(tmpdir(), 'lockstep-tree-'));
const dir = join(root, 'tree');
const cacheDir = join(root, 'cache');
after(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}

beforeEach(() => {
  rmSync(dir, { recursive: true, force: true });
  put(
    'include/linux/box.h',
    '#include <asm/box.h>\n#define box_first(b) ((b)->first)\n#define BOX_MAX (BOX_MIN << 2)\nenum { BOX_MIN = 3 };\nstruct box { struct box *first; union { int a; } u; struct inner { int deep; } in; };\ntypedef struct { int counter; } count_t;\nextern struct box *box_find(int key);\nextern struct box the_box; int far_away(void); int added(void); int more(void); int many7(void);\nstatic inline void box_put(struct box *b)\n{\n\tdrop(b);\n}\n#ifndef box_size\nstatic inline int box_size(void) { return 1; }\n#endif\nDEFINE_GUARD(box, struct box *, box_lock(_T), box_unlock(_T))\n',
  );
  put('arch/x86/include/asm/box.h', 'static inline int box_size(void) { return 2; }\n');
  put(
    'mm/box.c',
    '#include "part.c"\nstatic void helper(void) { here(); }\nstruct box *box_find(int key)\n{\n\thelper();\n\tguard(box)(box_first(&the_box));\n\treturn shelf(BOX_MAX);\n}\n',
  );
  put(
    'mm/other.c',
    '#include <linux/box.h>\nstatic void helper(void) { there(); }\nstatic int lonely(void) { return 0; }\n',
  );
  put('mm/part.c', '#include <linux/box.h>\nstatic struct box *shelf(int n) { return 0; }\n');
  put('kernel/far.c', 'int far_away(void)\n{\n\treturn 1;\n}\n');
});

function tree(options: Parameters<typeof openTree>[1] = {}): Tree {
  return openTree(dir, { cacheDir, ...options });
}

test('a directory that is not there is named', () => {
  assert.throws(() => openTree(join(root, 'nothing')), /nothing: no such directory/);
});

test('functions: same file, headers, other directories; static ones only where they can be meant', () => {
  const t = tree();
  assert.deepEqual(t.findFunction('box_put', 'mm/box.c'), { path: 'include/linux/box.h', line: 9 });
  assert.deepEqual(t.findFunction('helper', 'mm/box.c'), { path: 'mm/box.c', line: 2 });
  assert.deepEqual(t.findFunction('helper', 'mm/other.c'), { path: 'mm/other.c', line: 2 });
  assert.equal(t.findFunction('lonely', 'mm/box.c'), null);
  assert.deepEqual(t.findFunction('shelf', 'mm/box.c'), { path: 'mm/part.c', line: 2 });
  assert.deepEqual(t.findFunction('far_away', 'mm/box.c'), { path: 'kernel/far.c', line: 1 });
  assert.equal(t.findFunction('nowhere', 'mm/box.c'), null);
  assert.equal(t.function('far_away', 'mm/box.c')!.name, 'far_away');
});

test('what the architecture defines replaces the generic definition', () => {
  assert.equal(tree().findFunction('box_size', 'mm/box.c')!.path, 'arch/x86/include/asm/box.h');
});

test('structs, typedefs, variables, return types, macros, constants', () => {
  const t = tree();
  assert.deepEqual(
    t.struct('struct box', 'mm/box.c')!.fields.map((f) => `${f.name}: ${f.type}`),
    ['first: struct box *', 'u: union box.u', 'in: struct inner'],
  );
  assert.deepEqual(
    t.struct('union box.u')!.fields.map((f) => f.name),
    ['a'],
  );
  assert.deepEqual(
    t.struct('struct inner')!.fields.map((f) => f.name),
    ['deep'],
  );
  assert.equal(t.typedef('count_t'), 'struct count_t');
  assert.deepEqual(
    t.struct('struct count_t')!.fields.map((f) => f.name),
    ['counter'],
  );
  assert.equal(t.global('the_box'), 'struct box');
  assert.equal(t.returnType('box_find'), 'struct box *');
  assert.deepEqual(t.macro('box_first')!.params, ['b']);
  assert.equal(t.constant('BOX_MIN'), 3);
  assert.equal(t.constant('BOX_MAX'), 12);
  assert.equal(t.struct('struct unknown'), null);
});

test('a file of the tree is read with the macros, guards and constants of its headers', () => {
  const dump = dumpCfg(tree().function('box_find', 'mm/box.c')!);
  assert.match(dump, /call box_lock\(the_box\.first\)/);
  assert.match(dump, /call box_unlock\(the_box\.first\)/);
  assert.match(dump, /call shelf\(12\)/);
});

test('changes, new files and removed files are noticed', () => {
  assert.equal(tree().findFunction('added', 'mm/box.c'), null);
  put('mm/new.c', 'void added(void) { }\n');
  assert.deepEqual(tree().findFunction('added', 'mm/box.c'), { path: 'mm/new.c', line: 1 });
  put('mm/new.c', '\nvoid added(void) { }\nvoid more(void) { }\n');
  assert.deepEqual(tree().findFunction('added', 'mm/box.c'), { path: 'mm/new.c', line: 2 });
  assert.ok(tree().findFunction('more', 'mm/box.c'));
  rmSync(join(dir, 'mm/new.c'));
  assert.equal(tree().findFunction('added', 'mm/box.c'), null);
  assert.ok(tree().findFunction('box_find', 'mm/other.c'));
});

test('a touched file with the same content is the same', () => {
  const before = tree().findFunction('box_find', 'mm/other.c');
  utimesSync(join(dir, 'mm/box.c'), new Date(5000), new Date(5000));
  assert.deepEqual(tree().findFunction('box_find', 'mm/other.c'), before);
});

test('an overlay stands for the tree’s file', () => {
  const overlay = new Map<string, string | null>([
    [
      'mm/box.c',
      '\n\n\nstruct box *box_find(int key) { return far_away(); }\nint fresh(void) { return 1; }\n',
    ],
    ['kernel/far.c', null],
  ]);
  const t = tree({ overlay });
  assert.deepEqual(t.findFunction('box_find', 'mm/other.c'), { path: 'mm/box.c', line: 4 });
  assert.deepEqual(t.findFunction('fresh', 'mm/box.c'), { path: 'mm/box.c', line: 5 });
  assert.equal(t.findFunction('far_away', 'mm/box.c'), null);
});

test('damaged cache entries are built again', () => {
  const expected = tree().findFunction('box_find', 'mm/other.c');
  const entries = join(cacheDir, 'c-index');
  for (const damage of [
    (text: string) => text.slice(0, text.length / 2),
    (text: string) => text.replace('box_find', 'box_FIND'),
    () => '',
    () => 'lockstep-index-12 1 2\n',
    (text: string) => text.replace(/^\S+/, 'another-format'),
  ]) {
    for (const name of readdirSync(entries)) {
      const path = join(entries, name);
      writeFileSync(path, damage(readFileSync(path, 'latin1')), 'latin1');
    }
    assert.deepEqual(tree().findFunction('box_find', 'mm/other.c'), expected);
    assert.deepEqual(tree().findFunction('box_put', 'mm/other.c')!.path, 'include/linux/box.h');
  }
});

test('a cache that cannot be written is no error', () => {
  const locked = join(root, 'locked');
  writeFileSync(locked, 'a file where a directory should be');
  chmodSync(locked, 0o400);
  assert.ok(tree({ cacheDir: join(locked, 'cache') }).findFunction('far_away'));
  assert.ok(tree({ cacheDir: null }).findFunction('far_away'));
});

test('parallel runs on an empty cache agree, and leave whole entries', async () => {
  for (let i = 0; i < 60; i++) put(`mm/many${i}.c`, `int many${i}(void) { return ${i}; }\n`.repeat(20));
  const index = new URL('../../src/c/index.ts', import.meta.url).href;
  const script = `import { openTree } from ${JSON.stringify(index)};
    const t = openTree(process.argv[1], { cacheDir: process.argv[2] });
    console.log(JSON.stringify([t.findFunction('many7', 'mm/box.c'), t.findFunction('far_away', 'mm/box.c')]));`;
  const shared = join(root, 'shared');
  const run = (): Promise<{ stdout: string }> =>
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, dir, shared]);
  const answers = await Promise.all(Array.from({ length: 6 }, run));
  const expected = [
    { path: 'mm/many7.c', line: 1 },
    { path: 'kernel/far.c', line: 1 },
  ];
  for (const { stdout } of answers) assert.deepEqual(JSON.parse(stdout), expected);
  assert.deepEqual(
    readdirSync(join(shared, 'c-index')).filter((name) => !/^[0-9a-f]{40}\.txt$/.test(name)),
    [],
  );
});

test('a name means what the including file sees, not what another header defines', () => {
  put(
    'include/linux/stray.h',
    '#define box_first(b) ((b)->elsewhere)\nstruct box { int other; };\nenum { KEY = 7 };\n',
  );
  put(
    'mm/plain.c',
    '#include <linux/stray.h>\nint plain(struct box *b)\n{\n\treturn box_first(b) + KEY;\n}\n',
  );
  for (const options of [{}, { cacheDir: null }, {}]) {
    const t = tree(options);
    assert.match(dumpCfg(t.function('box_find', 'mm/box.c')!), /the_box\.first/);
    assert.match(dumpCfg(t.function('plain', 'mm/plain.c')!), /return \(b->elsewhere \+ 7\)/);
  }
});

test('a header that changes, or comes before another one, is read again', () => {
  const first = (): string => dumpCfg(tree().function('box_find', 'mm/box.c')!);
  assert.match(first(), /the_box\.first/);
  put(
    'include/linux/box.h',
    readFileSync(join(dir, 'include/linux/box.h'), 'utf8').replace('->first)', '->second)'),
  );
  assert.match(first(), /the_box\.second/);
  put('arch/x86/include/linux/box.h', '#define box_first(b) ((b)->third)\n');
  rmSync(join(dir, 'include/linux/box.h'));
  assert.match(first(), /the_box\.third/);
});
