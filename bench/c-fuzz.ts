/**
 * Fuzzes the C front end with damaged kernel files: `npm run fuzz:c [RUNS [SEED]]`, 10,000 inputs unless told
 * otherwise. Needs LOCKSTEP_TREES (or trees where test/kernel-tree.ts finds them). Ends with status 1 when an
 * input crashes it or takes longer than two seconds; the seed that is printed gives that input again.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exercise, mutate, random } from '../test/c/mutate.ts';
import { kernelTree } from '../test/kernel-tree.ts';

const FILES = [
  'mm/mempolicy.c',
  'kernel/fork.c',
  'mm/hugetlb.c',
  'mm/slub.c',
  'kernel/sched/core.c',
  'kernel/rcu/tree.c',
];
const HEADERS = ['include/linux/mm_types.h', 'include/linux/cleanup.h', 'include/linux/page-flags.h'];

const runs = Number(process.argv[2] ?? 10_000);
const first = Number(process.argv[3] ?? 1);
const trees = ['6.1', '6.12'].map((v) => kernelTree(v as '6.1' | '6.12'));
const texts = trees.flatMap((tree) =>
  [...FILES, ...HEADERS].flatMap((file) => {
    try {
      return [readFileSync(join(tree, file), 'latin1')];
    } catch {
      return [];
    }
  }),
);

let worst = 0;
let failures = 0;
for (let seed = first; seed < first + runs; seed++) {
  const next = random(seed);
  const text = texts[next(texts.length)]!;
  // A window of the file: damage is denser, and more of it is read per second.
  const start = next(text.length);
  const damaged = mutate(text.slice(start, start + 2000 + next(18_000)), next);
  const began = performance.now();
  try {
    exercise(damaged, next);
  } catch (error) {
    failures++;
    console.log(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
  }
  const took = performance.now() - began;
  if (took > 2000) {
    failures++;
    console.log(`seed ${seed}: ${took.toFixed(0)} ms`);
  }
  worst = Math.max(worst, took);
}
console.log(`${runs} inputs, ${failures} failures, slowest ${worst.toFixed(0)} ms`);
process.exitCode = failures ? 1 : 0;
