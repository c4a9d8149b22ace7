/**
 * Times the C front end and extraction against their peers, as ratios in one run: `npm run bench:c [-- TREE]`.
 *
 * Three files, parsed and every function of them lowered and sliced, in a process of its own that starts node and
 * reads the rules, against sparse for the same files (needs sparse, and KBUILD naming a directory in which the tree
 * was prepared: make O=… defconfig prepare). Each in three depths: every function by itself; with summaries of
 * what it calls in its file; with the whole tree. Cold is with empty caches, warm the best run after that.
 * The index of mm, kernel and include/linux, from nothing and unchanged, against `ctags -R`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kernelTree } from '../test/kernel-tree.ts';

const tree = process.argv[2] ?? kernelTree('6.12');
const src = (path: string): string => JSON.stringify(new URL(`../src/${path}`, import.meta.url).href);
const FILES = ['mm/mempolicy.c', 'kernel/fork.c', 'mm/hugetlb.c'];
const DIRS = ['mm', 'kernel', 'include/linux'];
const scratch = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));

interface Measured {
  seconds: number;
  /** Peak resident megabytes, of our own scripts. */
  megabytes: number;
}

/** The fastest of `n` runs; null when the command fails. */
function best(n: number, command: string, args: string[], env: NodeJS.ProcessEnv = {}): Measured | null {
  let least: Measured = { seconds: Number.POSITIVE_INFINITY, megabytes: 0 };
  for (let i = 0; i < n; i++) {
    const began = performance.now();
    const { status, stdout } = spawnSync(command, args, {
      cwd: tree,
      env: { ...process.env, ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (status !== 0) return null;
    const seconds = (performance.now() - began) / 1000;
    if (seconds < least.seconds)
      least = { seconds, megabytes: Number(stdout.trim().split('\n').at(-1)) || 0 };
  }
  return least;
}

function script(body: string): string[] {
  return ['--input-type=module', '-e', `${body};console.log(process.resourceUsage().maxRSS / 1024)`];
}

/** Parses and extracts the three files; `callees`: none of them known, those of the file, those of the tree. */
function extraction(callees: 'none' | 'file' | 'tree', cache: string): string[] {
  return script(`
    import fs from 'node:fs';
    const [c, { makeSide }, { lower, slice }, { loadRules }] = await Promise.all([
      import(${src('c/index.ts')}), import(${src('check/side.ts')}),
      import(${src('extract/index.ts')}), import(${src('rules/index.ts')})]);
    const rules = loadRules(${JSON.stringify(fileURLToPath(new URL('../rules', import.meta.url)))});
    const keep = (name) => rules.vocabulary.has(name);
    const tree = ${callees === 'tree' ? `c.openTree('.', { keep, cacheDir: ${JSON.stringify(cache)} })` : 'null'};
    for (const f of ${JSON.stringify(FILES)}) {
      const unit = tree?.unit(f) ?? c.parseUnit(fs.readFileSync(f, 'latin1'), f, { keep });
      const { context } = makeSide([unit], rules, new Set(), tree);
      ${callees === 'none' ? 'context.summary = () => null;' : ''}
      for (const fn of unit.functions) slice(lower(fn, context).routine);
    }`);
}

const indexing = (cache: string): string[] =>
  script(`
    const c = await import(${src('c/index.ts')});
    c.openTree('.', { cacheDir: ${JSON.stringify(cache)} }).index(${JSON.stringify(DIRS)});`);

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
    total += took.seconds;
  }
  return total;
}

function row(what: string, ours: Measured | null, peer: string, theirs: number | null): void {
  const seconds = (x: number | null): string => (x === null ? '—' : x.toFixed(2));
  const ratio = ours !== null && theirs !== null ? (ours.seconds / theirs).toFixed(2) : '—';
  const memory = ours === null ? '—' : `${ours.megabytes.toFixed(0)} MB`;
  console.log(
    `${what.padEnd(46)} ${seconds(ours?.seconds ?? null).padStart(6)} s ${memory.padStart(7)}   ${peer} ${seconds(theirs)} s   ratio ${ratio}`,
  );
}

const peer = sparse();
for (const [about, callees] of [
  ['parse + extract, functions by themselves', 'none'],
  ['… with summaries of callees in the file', 'file'],
  ['… with summaries of callees in the tree', 'tree'],
] as const) {
  // Node keeps what it compiled in the same place, as bin/lockstep.js has it do.
  const cache = join(scratch, callees);
  const env = { NODE_COMPILE_CACHE: join(cache, 'node') };
  row(`${about}, cold`, best(1, process.execPath, extraction(callees, cache), env), 'sparse', peer);
  row(`${about}, warm`, best(3, process.execPath, extraction(callees, cache), env), 'sparse', peer);
}
const ctags = best(3, 'ctags', ['-R', '-f', join(scratch, 'tags'), ...DIRS])?.seconds ?? null;
const cold = join(scratch, 'index');
row('index from nothing', best(1, process.execPath, indexing(cold)), 'ctags', ctags);
row('index unchanged', best(3, process.execPath, indexing(cold)), 'ctags', ctags);
rmSync(scratch, { recursive: true, force: true });
