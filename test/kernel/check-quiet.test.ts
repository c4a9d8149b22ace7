/**
 * Unpatched code is quiet: every function of the three files, in both trees, is reviewed as if it were new, so
 * that no pre-image excuses anything, and nothing is found.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openTree, parseUnit } from '../../src/c/index.ts';
import { reviewPaths } from '../../src/check/path-findings.ts';
import { makeSide } from '../../src/check/side.ts';
import { loadRules, rulesFor } from '../../src/rules/index.ts';
import { kernelTree } from '../kernel-tree.ts';

const FILES = ['mm/mempolicy.c', 'kernel/fork.c', 'mm/hugetlb.c'];
const all = loadRules(fileURLToPath(new URL('../../rules', import.meta.url)));

for (const version of ['6.1', '6.12'] as const) {
  test(`${version}: the three files have no finding`, () => {
    const root = kernelTree(version);
    const found: string[] = [];
    let functions = 0;
    let states = 0;
    for (const file of FILES) {
      const tree = openTree(root, { keep: (name) => all.vocabulary.has(name) });
      const rules = rulesFor(all, (symbol) => tree.findFunction(symbol, file) !== null);
      const unit = parseUnit(readFileSync(join(root, file), 'utf8'), file, tree.parseOptions(file));
      const side = makeSide([unit], rules, new Set(), tree);
      const around = { rules, pre: side, post: side, touched: new Set<string>(), faulty: new Set<string>() };
      for (const fn of unit.functions) {
        functions++;
        const target = { fn, before: null, path: file, patch: 1, positions: [fn.line] };
        const review = reviewPaths(target, around, new Map());
        states += review.states;
        for (const f of review.findings)
          found.push(`${file}:${f.schedule.violation.site.line}: ${f.class}: ${f.message}`);
      }
    }
    assert.ok(functions > 400 && states > functions, `${functions} functions, ${states} states`);
    assert.deepEqual(found, []);
  });
}
