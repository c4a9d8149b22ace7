/** Coverage of real trees: no function is skipped, next to nothing is opaque. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addStats, openTree, parseUnit, type Stats, statsOf } from '../../src/c/index.ts';
import { kernelTree } from '../kernel-tree.ts';

const NONE: Stats = { functions: 0, skippedFunctions: 0, statements: 0, opaqueStatements: 0 };

function coverage(tree: string, dirs: string[]): Stats {
  return dirs
    .flatMap((dir) => readdirSync(join(tree, dir)).map((name) => `${dir}/${name}`))
    .filter((path) => path.endsWith('.c'))
    .map((path) => statsOf(parseUnit(readFileSync(join(tree, path), 'latin1'), path)))
    .reduce(addStats, NONE);
}

for (const version of ['6.1', '6.12'] as const) {
  test(`${version}: mm, kernel and fs/hugetlbfs`, () => {
    const stats = coverage(kernelTree(version), ['mm', 'kernel', 'fs/hugetlbfs']);
    assert.equal(stats.skippedFunctions, 0);
    assert.ok(stats.functions > 7500, `${stats.functions} functions`);
    assert.ok(stats.opaqueStatements <= stats.statements * 0.001, JSON.stringify(stats));
  });

  test(`${version}: drivers/md and fs/ext4, which nobody tuned for`, () => {
    const stats = coverage(kernelTree(version), ['drivers/md', 'fs/ext4']);
    assert.equal(stats.skippedFunctions, 0);
    assert.ok(stats.functions > 3000, `${stats.functions} functions`);
    assert.ok(stats.opaqueStatements <= stats.statements * 0.01, JSON.stringify(stats));
  });
}

test('with a tree, macros of headers are read too, and still nothing is skipped', () => {
  const tree = openTree(kernelTree('6.12'), { cacheDir: null });
  let stats = NONE;
  for (const path of [
    'mm/mempolicy.c',
    'kernel/fork.c',
    'mm/hugetlb.c',
    'mm/memory.c',
    'kernel/sched/core.c',
  ])
    stats = addStats(stats, statsOf(tree.unit(path)!));
  assert.equal(stats.skippedFunctions, 0);
  assert.ok(stats.opaqueStatements <= stats.statements * 0.001, JSON.stringify(stats));
});
