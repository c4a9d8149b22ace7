/**
 * Fifty functions of mm/mempolicy.c, kernel/fork.c and mm/hugetlb.c of both trees were chosen by a seed and read by
 * hand against their operations. Here are those that have effects, with the effects that a reader of the source
 * expects; and all functions, of which at least the form is looked at.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTree, type Tree } from '../../src/c/index.ts';
import { makeSide } from '../../src/check/index.ts';
import { lower, opLines, slice } from '../../src/extract/index.ts';
import { rulesFor } from '../../src/rules/index.ts';
import { RULES } from '../extract/support.ts';
import { kernelTree } from '../kernel-tree.ts';

type Version = '6.1' | '6.12';

/** Text of operations that must be there, and with `!` in front, that must not. */
const EXPECTED: [Version, file: string, name: string, ...effects: string[]][] = [
  ['6.1', 'kernel/fork.c', '__pidfd_prepare', 'own pidfd_file (file)', '!keep pid'],
  ['6.1', 'kernel/fork.c', 'vm_area_dup', 'new = alloc vm_area_struct', 'sleep', 'copy new from orig'],
  ['6.1', 'kernel/fork.c', 'vm_area_free', 'free vma'],
  ['6.1', 'mm/hugetlb.c', '__prep_account_new_huge_page', 'assert-held hugetlb_lock'],
  [
    '6.1',
    'mm/hugetlb.c',
    'alloc_huge_page_nodemask',
    'lock spin irq hugetlb_lock',
    'unlock spin irq hugetlb_lock',
  ],
  [
    '6.1',
    'mm/hugetlb.c',
    'hugetlb_mcopy_atomic_pte',
    'own page (page)',
    'lock mutex page->PG_locked',
    'unlock mutex page->PG_locked',
    'ref.put page->_refcount',
    'lock spin *ptl',
    'unlock spin *ptl',
  ],
  ['6.1', 'mm/hugetlb.c', 'hugetlb_unregister_node', 'ref.put hstate_kobj->kref', 'sleep'],
  [
    '6.1',
    'mm/hugetlb.c',
    'hugetlb_unshare_pmds',
    'lock rwsem vma->hugetlb_vma_lock',
    'unlock rwsem vma->hugetlb_vma_lock',
    'assert-held vma->vm_file->f_mapping->i_mmap_rwsem',
    'lock spin *ptl',
    'unlock spin *ptl',
  ],
  [
    '6.1',
    'mm/hugetlb.c',
    'return_unused_surplus_pages',
    'assert-held hugetlb_lock',
    'unlock spin irq hugetlb_lock',
    'lock spin irq hugetlb_lock',
  ],
  ['6.1', 'mm/mempolicy.c', '__get_vma_policy', 'ref.get pol->refcnt'],
  [
    '6.1',
    'mm/mempolicy.c',
    '__mpol_dup',
    'new = alloc mempolicy',
    'lock spin current->alloc_lock',
    'copy new from old',
    'unlock spin current->alloc_lock',
    'ref.init new->refcnt 1',
  ],
  ['6.1', 'mm/mempolicy.c', 'get_task_policy', '!sleep', '!ref.get'],
  ['6.12', 'kernel/fork.c', 'clone', 'sleep'],
  ['6.12', 'kernel/fork.c', 'exec_mm_release', 'sleep'],
  [
    '6.12',
    'kernel/fork.c',
    'ksys_unshare',
    'lock spin current->alloc_lock',
    'unlock spin current->alloc_lock',
    'lock spin fs->lock',
    'unlock spin fs->lock',
    'sleep',
  ],
  [
    '6.12',
    'kernel/fork.c',
    'mm_access',
    '?1 = trylock rwsem shared task->signal->exec_update_lock',
    'own mm (mm_users)',
    'ref.put mm->mm_users',
  ],
  [
    '6.12',
    'kernel/fork.c',
    'replace_mm_exe_file',
    'own old_exe_file (file)',
    'lock rwsem shared mm->mmap_lock',
    'unlock rwsem shared mm->mmap_lock',
    'ref.put old_exe_file->f_count',
    'ref.get new_exe_file->f_count',
    'lock rwsem mm->mmap_lock',
    'unlock rwsem mm->mmap_lock',
  ],
  ['6.12', 'kernel/fork.c', 'vm_area_dup', 'copy new from orig', 'free new', '!lend new to memcpy'],
  [
    '6.12',
    'mm/hugetlb.c',
    '__update_and_free_hugetlb_folio',
    'lock spin irq hugetlb_lock',
    'unlock spin irq hugetlb_lock',
    'sleep',
  ],
  ['6.12', 'mm/hugetlb.c', 'add_reservation_in_range', 'assert-held resv->lock'],
  ['6.12', 'mm/hugetlb.c', 'hugetlb_sysfs_add_hstate', 'sleep'],
  ['6.12', 'mm/hugetlb.c', 'unlock_or_release_subpool', 'unlock spin irqsave spool->lock', 'free spool'],
  [
    '6.12',
    'mm/mempolicy.c',
    'mpol_rebind_mm',
    'lock rwsem mm->mmap_lock',
    'assert-held vma->vm_mm->mmap_lock',
    'unlock rwsem mm->mmap_lock',
  ],
  [
    '6.12',
    'mm/mempolicy.c',
    'mpol_shared_policy_lookup',
    'lock rwlock shared sp->lock',
    'ref.get sn->policy->refcnt',
    'unlock rwlock shared sp->lock',
  ],
];

const trees = new Map<Version, Tree>();

function look(version: Version, file: string) {
  let tree = trees.get(version);
  if (tree === undefined) {
    tree = openTree(kernelTree(version), { keep: (name) => RULES.vocabulary.has(name) });
    trees.set(version, tree);
  }
  const from = tree;
  const rules = rulesFor(RULES, (symbol) => from.findFunction(symbol, 'mm/memory.c') !== null);
  const unit = tree.unit(file)!;
  return { unit, context: makeSide([unit], rules, new Set(), tree).context };
}

for (const version of ['6.1', '6.12'] as const)
  test(`${version}: what a reader finds is there`, () => {
    for (const [of, file, name, ...effects] of EXPECTED) {
      if (of !== version) continue;
      const { unit, context } = look(version, file);
      const lines = opLines(slice(lower(unit.function(name)!, context).routine)).map(({ text }) => text);
      for (const effect of effects) {
        const wanted = !effect.startsWith('!');
        const text = effect.replace(/^!/, '');
        const found = lines.some((line) => (wanted ? line === text : line.startsWith(text)));
        assert.equal(found, wanted, `${version} ${name}: ${effect}\n${lines.join('\n')}`);
      }
    }
  });

test('every function of the three files: labels are there, slices are no longer, twice is once', () => {
  let functions = 0;
  for (const version of ['6.1', '6.12'] as const)
    for (const file of ['mm/mempolicy.c', 'kernel/fork.c', 'mm/hugetlb.c']) {
      const { unit, context } = look(version, file);
      for (const fn of unit.functions) {
        const { routine } = lower(fn, { ...context, summary: () => null });
        const sliced = slice(routine);
        for (const { code } of [routine, sliced]) {
          const labels = new Set(code.flatMap((i) => (i.op === 'label' ? [i.name] : [])));
          for (const i of code)
            if (i.op === 'jump' || i.op === 'branch') assert.ok(labels.has(i.to), `${fn.name}: ${i.to}`);
        }
        const count = (code: typeof routine.code): number => code.filter((i) => i.op !== 'label').length;
        assert.ok(count(sliced.code) <= count(routine.code), fn.name);
        functions++;
      }
    }
  assert.ok(functions > 800, `${functions}`);
});
