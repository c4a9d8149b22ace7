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

/** Verdicts of the threads: SYSTEMS.md, tables A and B; [] is safe. */
const VERDICTS: Record<string, Record<string, Hazard[]>> = {
  'mempolicy/task-policy': {
    A0: ['use-after-free'],
    A4: [],
    A5: ['get-on-zero'],
    A6: ['use-after-free'],
  },
  'mempolicy/percpu-ref': {
    B0: [],
    B0r: [],
    B1: ['use-after-free', 'ref-leak'],
  },
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
  assert.ok(executions > 1, `${executions} executions`);
  for (const verdict of verdicts) {
    assert.deepEqual(replay(program, verdict.token), verdict.schedule, 'the token replays');
    assert.ok(verdict.schedule.steps.length > 0);
  }
  return verdicts.map((v) => v.schedule.violation.hazard);
}

for (const [id, designs] of Object.entries(VERDICTS)) {
  for (const [design, hazards] of Object.entries(designs)) {
    test(`${id} ${design}: ${hazards.join(' and ') || 'safe'}`, () => {
      const program = programOf(modelOf(id), design);
      const found = hazardsOf(program);
      for (const hazard of hazards) assert.ok(found.includes(hazard), `${hazard} is not among ${found}`);
      if (hazards.length === 0) {
        assert.deepEqual(found, []);
        assert.equal(explore(program).kind, 'safe');
      } else assert.equal(explore(program).kind, 'violates');
    });
  }
}

test('every design of every model has a verdict here', () => {
  const described = RULES.models.map((m) => [m.id, Object.keys(m.designs).sort()]);
  const expected = Object.entries(VERDICTS).map(([id, designs]) => [id, Object.keys(designs).sort()]);
  assert.deepEqual(described.sort(), expected.sort());
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
];

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
