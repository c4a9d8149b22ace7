/**
 * Hazard models: every design reaches the verdict that its thread on the list reached, from a live exploration, and
 * loses it when the line that makes the difference is changed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildProgram, parseModel } from '../../src/extract/index.ts';
import { type HazardModel, loadRules, type Rules } from '../../src/rules/index.ts';
import { explore, exploreAll, type Hazard, type Program, replay } from '../../src/sim/index.ts';

const RULES: Rules = loadRules(fileURLToPath(new URL('../../rules', import.meta.url)));

/** What the threads on the list concluded of each design (SYSTEMS.md); [] is safe. */
const VERDICTS: Record<string, Hazard[]> = {
  A0: ['use-after-free'],
  A1: ['use-after-free'],
  A1f: [],
  A2: [],
  A2x: ['use-after-free'],
  A2r: ['use-after-free'],
  A2u: ['overlay'],
  A3: [],
  A4: [],
  A5: ['get-on-zero'],
  A6: ['use-after-free'],
  A7: ['use-after-free'],
  B0: [],
  B0r: [],
  B1: ['use-after-free', 'ref-leak'],
  B2: ['ref-leak'],
  B3: ['double-put'],
  B4: ['sleep-in-atomic'],
  B5: ['uninit-ref'],
  B6: ['ref-leak'],
  B7: [],
  B8: ['uninit-ref'],
  B8i: [],
  C0: ['sleep-in-atomic'],
  C0n: ['sleep-in-atomic'],
  C1: ['lost-update'],
  C1r: [],
  C2: ['unbounded-pin'],
  C2a: ['unbounded-pin'],
  C2b: [],
  C3: [],
  C3x: ['lost-update'],
  C4: [],
  D0: [],
  D1: ['use-after-free'],
  D1u: ['lock-lifetime'],
  D2: [],
  D3: ['use-after-put'],
  D4: [],
  D4o: ['overlay'],
  D4l: ['leak'],
  D5: [],
  E0: ['lock-lifetime'],
  E1: ['lock-lifetime'],
  E2: [],
  E2o: ['lock-order'],
  E3: [],
  E4: ['lost-update'],
  E4b: [],
  E5: ['use-after-free'],
  E6: [],
  F0: [],
  F1: ['use-after-free'],
  F2: ['use-after-free'],
};

function modelOf(id: string): HazardModel {
  const model = RULES.models.find((m) => m.id === id);
  assert.ok(model, id);
  return model;
}

function programOf(model: HazardModel, design: string): Program {
  const cast = model.designs[design];
  assert.ok(cast, design);
  return buildProgram(`${model.id} ${design}`, parseModel(model, RULES), cast, RULES, null);
}

/** The model with one line of its C changed. */
function changed(model: HazardModel, from: string, to: string): HazardModel {
  const source = model.source.replaceAll(from, to);
  assert.notEqual(source, model.source, `${from} is in the model`);
  return { ...model, source };
}

function hazardsOf(program: Program): Hazard[] {
  const { verdicts, exhausted, executions, reason } = exploreAll(program);
  assert.ok(exhausted, reason);
  assert.ok(executions >= program.threads.length / 2, `${executions} executions`);
  for (const verdict of verdicts) {
    assert.deepEqual(replay(program, verdict.token), verdict.schedule, 'the token replays');
    assert.ok(verdict.schedule.steps.length > 0);
  }
  return verdicts.map((v) => v.schedule.violation.hazard);
}

const designs = RULES.models.flatMap((model) =>
  Object.keys(model.designs).map((design) => ({ model, design })),
);

for (const { model, design } of designs) {
  const hazards = VERDICTS[design];
  test(`${model.id} ${design}: ${hazards?.join(' and ') || 'safe'}`, () => {
    assert.ok(hazards, `${design} has no verdict here`);
    const program = programOf(model, design);
    const seen = hazardsOf(program);
    for (const hazard of hazards) assert.ok(seen.includes(hazard), `${hazard} is not among ${seen}`);
    assert.equal(seen[0], hazards[0], 'the class that is shown');
    if (hazards.length === 0) {
      assert.deepEqual(seen, []);
      assert.equal(explore(program).kind, 'safe');
    } else assert.equal(explore(program).kind, 'violates');
  });
}

test('a design has one name, and none of the table is missing', () => {
  assert.deepEqual(designs.map((d) => d.design).sort(), Object.keys(VERDICTS).sort());
});

/** One line of the C, and what it does to a design. */
const FLIPS: [id: string, design: string, from: string, to: string, hazards: Hazard[]][] = [
  // A safe design loses what it rests on.
  [
    'mempolicy/task-policy',
    'A4',
    'if (pol && !atomic_inc_not_zero(&pol->refcnt))\n\t\tpol = NULL;\n\trcu_read_unlock();',
    'if (pol)\n\t\tatomic_inc(&pol->refcnt);\n\trcu_read_unlock();',
    ['get-on-zero'],
  ],
  ['mempolicy/task-policy', 'A4', '\trcu_read_lock();\n', '', ['use-after-free']],
  [
    'mempolicy/task-policy',
    'A4',
    'kfree_rcu(pol, rcu);',
    'kmem_cache_free(policy_cache, pol);',
    ['use-after-free'],
  ],
  ['mempolicy/percpu-ref', 'B0', 'if (!mpol_tryget(pol))', 'if (!pol || mpol_tryget(pol))', ['ref-leak']],
  ['mempolicy/percpu-ref', 'B0', 'kfree_rcu(pol, rcu);', 'kfree(pol);\n\tkfree(pol);', ['double-free']],
  // A wrong design is repaired.
  ['mempolicy/task-policy', 'A0', 'mpol_put(old);', 'mpol_get_nothing(old);', []],
  [
    'mempolicy/task-policy',
    'A5',
    'if (pol)\n\t\tatomic_inc(&pol->refcnt);',
    'if (pol && !atomic_inc_not_zero(&pol->refcnt))\n\t\tpol = NULL;',
    [],
  ],
  [
    'mempolicy/task-policy',
    'A6',
    'struct mempolicy *pol;\n\tint mode;\n\n\tpol = rcu_dereference(t->mempolicy);\n\tif (pol && !atomic_inc_not_zero(&pol->refcnt))\n\t\tpol = NULL;',
    'struct mempolicy *pol;\n\tint mode;\n\n\trcu_read_lock();\n\tpol = rcu_dereference(t->mempolicy);\n\tif (pol && !atomic_inc_not_zero(&pol->refcnt))\n\t\tpol = NULL;\n\trcu_read_unlock();',
    [],
  ],
  ['mempolicy/percpu-ref', 'B1', 'if (!pol || mpol_tryget(pol))', 'if (!pol || !mpol_tryget(pol))', []],
  [
    'mempolicy/shared-policy',
    'B5',
    '\t\tmpol_put(new);\n\t\treturn;',
    '\t\tkmem_cache_free(policy_cache, new);\n\t\treturn;',
    [],
  ],
  ['mempolicy/task-policy', 'B7', 'kfree_rcu(pol, rcu);', 'kfree(pol);', ['use-after-free']],
  [
    'umcg/blocking',
    'C0',
    'if (put_user_state(page, 1))\n\t\tfix_pagefault(t->mm, page);',
    'put_user_state(page, 1);',
    [],
  ],
  ['umcg/pinned-page', 'C2b', 'if (mm->pinned >= mm->limit) {', 'if (!mm->limit) {', ['unbounded-pin']],
  [
    'umcg/state-page',
    'C3',
    '\tif (w->present)\n\t\tw->page = 1;\n\tspin_unlock',
    '\tspin_unlock',
    ['lost-update'],
  ],
  [
    'vma/lifetime',
    'D0',
    'call_rcu(&vma->vm_rcu, vm_area_free_rcu);',
    'free_at_once(vma);',
    ['use-after-free', 'lock-lifetime'],
  ],
  ['vma/lifetime', 'D2', 'atomic_inc(&mm->mm_users);', 'atomic_read(&mm->mm_users);', ['double-put']],
  [
    'vma/batched-free',
    'D4',
    'vma->free_next = mm->free_list;',
    'vma->free_next_union = mm->free_list;',
    ['overlay'],
  ],
  [
    'hugetlb/pmd-sharing',
    'E2',
    '\tdown_write(&MAP.i_mmap_rwsem);\n\tunshare(mm);\n\tup_write(&MAP.i_mmap_rwsem);',
    '\tunshare(mm);',
    ['lock-lifetime'],
  ],
  ['hugetlb/truncate', 'E4b', 'if (!inode->i_size)', 'if (inode->i_size)', ['lost-update']],
  ['hugetlb/eviction', 'E6', 'inode->stop_eviction = 1;', 'cond_resched();', ['use-after-free']],
  ['swap/swapoff', 'F0', '\twait_for_completion(&si->comp);\n', '', ['use-after-free']],
];

test('a line of every model was changed', () => {
  assert.deepEqual([...new Set(FLIPS.map(([id]) => id))].sort(), RULES.models.map((m) => m.id).sort());
});

for (const [id, design, from, to, hazards] of FLIPS) {
  const line = to.trim().split('\n')[0] || `without ${from.trim()}`;
  test(`${id} ${design} with "${line}": ${hazards.join(' and ') || 'safe'}`, () => {
    const found = hazardsOf(programOf(changed(modelOf(id), from, to), design));
    if (hazards.length === 0) assert.deepEqual(found, []);
    for (const hazard of hazards) assert.ok(found.includes(hazard), `${hazard} is not among ${found}`);
  });
}

test('other names and another order of the actors change nothing', () => {
  for (const model of RULES.models) {
    const names = [...parseModel(model, RULES).unit.functions.map((f) => f.name), 'T'];
    const rename = (text: string): string =>
      names.reduce(
        (t, name) => t.replace(new RegExp(`(?<!->|\\.|\\bstruct )\\b${name}\\b`, 'g'), `q_${name}`),
        text,
      );
    const renamed = { ...model, source: rename(model.source), setup: `q_${model.setup}` };
    for (const [design, cast] of Object.entries(model.designs)) {
      const other = {
        ...(cast.setup === undefined ? {} : { setup: rename(cast.setup) }),
        threads: cast.threads.map(rename).reverse(),
      };
      const program = buildProgram('other', parseModel(renamed, RULES), other, RULES, null);
      assert.deepEqual(hazardsOf(program), hazardsOf(programOf(model, design)), `${model.id} ${design}`);
    }
  }
});

test('a model whose actor is missing is a defect that names it', () => {
  const model = modelOf('mempolicy/task-policy');
  assert.throws(
    () => buildProgram('x', parseModel(model, RULES), { threads: ['nobody(T)'] }, RULES, null),
    /task-policy\/model\.c: there is no function nobody/,
  );
});
