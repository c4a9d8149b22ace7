/**
 * Times the C front end against its peers, as ratios in one run: `npm run bench:c [-- TREE]`.
 *
 * Parse and lower of three files, cold and including the start of node, against sparse for the same files
 * (needs sparse, and KBUILD naming a directory in which the tree was prepared: make O=… defconfig prepare);
 * the index of mm, kernel and include/linux from nothing and unchanged against `ctags -R`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelTree } from '../test/kernel-tree.ts';

const tree = process.argv[2] ?? kernelTree('6.12');
const index = new URL('../src/c/index.ts', import.meta.url).href;
const FILES = ['mm/mempolicy.c', 'kernel/fork.c', 'mm/hugetlb.c'];
const DIRS = ['mm', 'kernel', 'include/linux'];
const scratch = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));

/** The fastest of `n` runs, in seconds; null when the command fails. */
function best(n: number, command: string, args: string[], cwd = tree): number | null {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    const began = performance.now();
    const { status } = spawnSync(command, args, { cwd, stdio: 'ignore' });
    if (status !== 0) return null;
    least = Math.min(least, (performance.now() - began) / 1000);
  }
  return least;
}

function script(body: string): string[] {
  return [
    '--input-type=module',
    '-e',
    `import * as c from ${JSON.stringify(index)};import fs from 'node:fs';${body}`,
  ];
}

const parse = script(
  `for (const f of ${JSON.stringify(FILES)}) for (const fn of c.parseUnit(fs.readFileSync(f, 'latin1'), f).functions) fn.cfg();`,
);
const withTree = (cache: string): string[] =>
  script(
    `const t = c.openTree('.', { cacheDir: ${JSON.stringify(cache)} });for (const f of ${JSON.stringify(FILES)}) for (const fn of t.unit(f).functions) fn.cfg();`,
  );
const indexing = (cache: string): string[] =>
  script(`c.openTree('.', { cacheDir: ${JSON.stringify(cache)} }).index(${JSON.stringify(DIRS)});`);

function sparse(): number | null {
  const build = process.env.KBUILD;
  if (!build) return null;
  const include = execFileSync('gcc', ['-print-file-name=include'], { encoding: 'utf8' }).trim();
  const flags = [
    ['-nostdinc', '-isystem', include, '-I', 'arch/x86/include', '-I', `${build}/arch/x86/include/generated`],
    ['-I', 'include', '-I', `${build}/include`, '-I', 'arch/x86/include/uapi', '-I', 'include/uapi'],
    ['-I', `${build}/arch/x86/include/generated/uapi`, '-I', `${build}/include/generated/uapi`],
    ['-include', 'include/linux/compiler-version.h', '-include', 'include/linux/kconfig.h'],
    ['-include', 'include/linux/compiler_types.h', '-D__KERNEL__', '-D__x86_64__', '-m64', '-std=gnu11'],
    ['-DKBUILD_MODNAME="x"', '-DKBUILD_BASENAME="x"', '-DCC_USING_FENTRY'],
  ].flat();
  let total = 0;
  for (const file of FILES) {
    const took = best(3, 'sparse', [...flags, file]);
    if (took === null) return null;
    total += took;
  }
  return total;
}

function row(what: string, ours: number | null, peer: string, theirs: number | null): void {
  const seconds = (x: number | null): string => (x === null ? '—' : x.toFixed(2));
  const ratio = ours !== null && theirs !== null ? (ours / theirs).toFixed(2) : '—';
  console.log(
    `${what.padEnd(46)} ${seconds(ours).padStart(6)} s   ${peer} ${seconds(theirs)} s   ratio ${ratio}`,
  );
}

const peer = sparse();
const ctags = best(3, 'ctags', ['-R', '-f', join(scratch, 'tags'), ...DIRS]);
row('parse and lower three files', best(3, process.execPath, parse), 'sparse', peer);
const warm = join(scratch, 'warm');
best(1, process.execPath, withTree(warm));
row('… with their headers, index unchanged', best(3, process.execPath, withTree(warm)), 'sparse', peer);
row('index from nothing', best(1, process.execPath, indexing(join(scratch, 'cold'))), 'ctags', ctags);
row('index unchanged', best(3, process.execPath, indexing(join(scratch, 'cold'))), 'ctags', ctags);
rmSync(scratch, { recursive: true, force: true });
