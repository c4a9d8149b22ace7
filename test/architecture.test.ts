/**
 * The layers: each folder of src imports only what stands before it in the flow, and only through its public face.
 *
 * Public are a folder's index.ts and the files that hold nothing but the formats layers exchange.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

/** In the order of the flow; a folder may import what its row names, and all of that stands above it. */
const LAYERS: [folder: string, imports: string[]][] = [
  ['patch', []],
  ['source', ['patch']],
  ['c', []],
  ['sim', []],
  ['rules', ['sim']],
  ['extract', ['c', 'sim', 'rules']],
  ['check', ['patch', 'source', 'c', 'sim', 'rules', 'extract']],
  ['report', ['patch', 'sim', 'check']],
  ['store', []],
  ['inbox', ['patch', 'source', 'check', 'report', 'store']],
  ['cli', ['patch', 'source', 'c', 'sim', 'rules', 'extract', 'check', 'report', 'store', 'inbox']],
];

/** Formats that layers exchange: files of types, importable from everywhere below. */
const FORMATS = ['patch/series.ts', 'c/ir.ts', 'sim/program.ts', 'check/finding.ts'];

interface Import {
  from: string;
  to: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  const found = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map((match) => ({
    from: file,
    to: relative(SRC, resolve(SRC, dirname(file), match[1]!)),
  }));
}

const imports = files.flatMap(importsOf);
const folderOf = (file: string) => file.split('/')[0]!;
const crossing = imports.filter(({ from, to }) => folderOf(from) !== folderOf(to));

test('every folder of src has its row', () => {
  assert.deepEqual([...new Set(files.map(folderOf))].sort(), LAYERS.map(([folder]) => folder).sort());
  assert.ok(crossing.length > 10, 'imports between folders were found');
});

test('the rows themselves run one way', () => {
  for (const [i, [folder, allowed]] of LAYERS.entries()) {
    const above = LAYERS.slice(0, i).map(([name]) => name);
    for (const name of allowed)
      assert.ok(above.includes(name), `${folder} may import ${name}, which stands below it`);
  }
});

test('imports between folders follow the rows', () => {
  const rows = new Map(LAYERS);
  const wrong = crossing.filter(({ from, to }) => !rows.get(folderOf(from))?.includes(folderOf(to)));
  assert.deepEqual(wrong, []);
});

test('a folder is entered by its index.ts or a file of formats', () => {
  const wrong = crossing.filter(
    ({ to }) => !/^\w+\/index\.ts$/.test(to) && !FORMATS.includes(to) && to !== '../package.json',
  );
  assert.deepEqual(wrong, []);
});

test('the simulation core names nothing of the kernel', () => {
  const kernel =
    /\b(?:mmap_lock|mempolicy|mpol_\w*|hugetlb\w*|task_struct|vm_area\w*|spin_lock_irqsave|kfree\w*)\b/;
  const found = files
    .filter((file) => folderOf(file) === 'sim')
    .flatMap((file) =>
      readFileSync(join(SRC, file), 'utf8')
        .split('\n')
        .flatMap((line, i) => (kernel.test(line) ? [`src/${file}:${i + 1}: ${line.trim()}`] : [])),
    );
  assert.deepEqual(found, []);
});

test('every file says at its top what it is for', () => {
  const silent = files.filter((file) => !/^(?:\/\*\*|\/\/)/.test(readFileSync(join(SRC, file), 'utf8')));
  assert.deepEqual(silent, []);
});
