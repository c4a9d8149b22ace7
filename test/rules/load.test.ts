/**
 * Reading a rules directory: everything that ships is read, and whatever does not fit is refused in one line that
 * names file, line and reason.
 */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadRules, RuleError } from '../../src/rules/index.ts';
import { readVocabularyFile } from '../../src/rules/vocabulary.ts';
import { type Files, makeTree, writeTree } from '../source/samples.ts';

const RULES = fileURLToPath(new URL('../../rules', import.meta.url));

const MODEL = readFileSync(join(RULES, 'models/mempolicy/task-policy/model.yml'), 'utf8');

/** A copy of the shipped rules with these files besides. */
function rulesWith(t: TestContext, files: Files): string {
  const dir = makeTree(t, {});
  cpSync(RULES, dir, { recursive: true });
  writeTree(dir, files);
  return dir;
}

function refused(dir: string, file: string, line: number, reason: RegExp): void {
  assert.throws(
    () => loadRules(dir),
    (error: unknown) => {
      assert.ok(error instanceof RuleError, String(error));
      assert.ok(error.message.startsWith(`${join(dir, file)}:${line}: `), error.message);
      assert.match(error.message, reason);
      assert.ok(!error.message.includes('\n'), error.message);
      return true;
    },
  );
}

test('all shipped rules load', () => {
  const { vocabulary, models, types } = loadRules(RULES);
  assert.ok(vocabulary.size > 250, `${vocabulary.size} functions`);
  assert.deepEqual(
    models.map((m) => m.id),
    [
      'hugetlb/eviction',
      'hugetlb/pmd-sharing',
      'hugetlb/truncate',
      'mempolicy/percpu-ref',
      'mempolicy/shared-policy',
      'mempolicy/task-policy',
      'swap/swapoff',
      'umcg/blocking',
      'umcg/pinned-page',
      'umcg/state-page',
      'vma/batched-free',
      'vma/lifetime',
    ],
  );
  assert.equal(types.cellKind('spinlock_t'), 'lock');
});

test('every row is found by its name, and says where it stands', () => {
  const { vocabulary } = loadRules(RULES);
  for (const [name, row] of vocabulary) {
    assert.equal(row.name, name);
    assert.match(name, /^[A-Za-z_]\w*$/, `${row.file}:${row.line}`);
    for (const param of row.params) assert.match(param, /^[a-z_]\w*$/, `${name}(${row.params})`);
    assert.equal(new Set(row.params).size, row.params.length, `${name}: parameters have different names`);
    const text = readFileSync(row.file, 'utf8').split('\n')[row.line - 1]!;
    assert.ok(text.includes('('), `${row.file}:${row.line}: ${text}`);
  }
});

test('what is locked by one function of a file is unlocked by another', () => {
  const { vocabulary } = loadRules(RULES);
  const key = (kind: string, mode: string, irq: string): string => `${kind} ${mode} ${irq}`;
  const locked = new Set<string>();
  const unlocked = new Set<string>();
  for (const { effects } of vocabulary.values())
    for (const e of effects) {
      if (e.do === 'lock' || e.do === 'trylock') locked.add(key(e.kind, e.mode, e.irq));
      if (e.do === 'unlock') unlocked.add(key(e.kind, e.mode, e.irq));
    }
  assert.deepEqual([...locked].sort(), [...unlocked].sort());
});

test('a row that cannot be read is refused with file, line and reason', (t) => {
  const about = 'about: Test.\nfunctions:\n';
  for (const [rows, line, reason] of [
    ['  ok(a): sleep\n  bad(a): explode a\n', 4, /"explode a" is no effect$/],
    ['  bad: sleep\n', 3, /"bad" is not "name\(parameters\)"$/],
    ['  ok(a): sleep\n\n  # comment\n  bad(a): lock spin b\n', 6, /"b" is not a parameter/],
    ['  bad(a): [sleep]\n', 3, /a row is "name\(parameters\): effects"$/],
    ['  bad(a): {sleep: 1}\n', 3, /a row is/],
    ['  ok(a): sleep\n  ok(a): sleep\n', 4, /Map keys must be unique/],
    ['  "unfinished(a): sleep\n', 4, /Missing closing "quote|Implicit keys/],
  ] as const) {
    const dir = rulesWith(t, { 'vocabulary/zz.yml': about + rows });
    refused(dir, 'vocabulary/zz.yml', line, reason);
  }
  refused(
    rulesWith(t, { 'vocabulary/zz.yml': 'about: Nothing.\n' }),
    'vocabulary/zz.yml',
    1,
    /no map "functions"/,
  );
  refused(rulesWith(t, { 'vocabulary/zz.yml': '' }), 'vocabulary/zz.yml', 1, /no map "functions"/);
});

test('a function that stands twice is refused, wherever the other one is', (t) => {
  const dir = rulesWith(t, {
    'vocabulary/zz.yml': 'about: Test.\nfunctions:\n  my_own(): sleep\n  mutex_unlock(l): sleep\n',
  });
  refused(dir, 'vocabulary/zz.yml', 4, /^.*: mutex_unlock\(\) stands at .*locks\.yml:\d+ already$/);
  const family = rulesWith(t, {
    'vocabulary/zz.yml': 'about: Test.\nfunctions:\n  x{_a,_b}(): sleep\n  x_b(): sleep\n',
  });
  refused(family, 'vocabulary/zz.yml', 4, /x_b\(\) stands at .*zz\.yml:3 already/);
});

test('files that are no rules are left alone', (t) => {
  const dir = rulesWith(t, {
    'vocabulary/README': 'Not YAML: [',
    'models/mempolicy/notes/README': 'Not a model.',
  });
  assert.equal(loadRules(dir).vocabulary.size, loadRules(RULES).vocabulary.size);
});

test('readVocabularyFile gives the rows of one file', () => {
  const { rows } = readVocabularyFile(
    'x.yml',
    'about: A.\nfunctions:\n  "{a,b}(x)": sleep\n  c(): harmless\n',
  );
  assert.deepEqual(
    rows.map((r) => [r.name, r.file, r.line]),
    [
      ['a', 'x.yml', 3],
      ['b', 'x.yml', 3],
      ['c', 'x.yml', 4],
    ],
  );
});

test('types.yml that does not fit is refused', (t) => {
  const dir = rulesWith(t, {});
  const text = readFileSync(join(RULES, 'types.yml'), 'utf8');
  for (const [from, to, reason] of [
    ['cells:', 'cellz:', /cells/],
    ['  lock: [', '  lokc: [', /cells\.lock/],
    ['- mempolicy.refcnt', '- refcnt', /counts\.0/],
  ] as const) {
    writeFileSync(join(dir, 'types.yml'), text.replace(from, to));
    assert.notEqual(text.replace(from, to), text);
    refused(dir, 'types.yml', 1, reason);
  }
});

test('a model that does not fit is refused', (t) => {
  const model = 'models/mempolicy/task-policy/model.yml';
  const dir = rulesWith(t, {});
  for (const [from, to, reason] of [
    ['title:', 'tittle:', /title|tittle/],
    ['setup: setup\n', '', /setup: /],
    ['about: >-', 'about: [x]\nabut: >-', /about|abut/],
    [
      'threads: [alloc_pages_target(T), ',
      'threads: [alloc_pages_target, ',
      /designs\.A0\.threads\.0: must be "function\(object, …\)"/,
    ],
    ['threads: [alloc_pages_target(T), set_mempolicy_now(T)]', 'threads: []', /designs\.A0\.threads/],
    ['    plays: get_policy\n', '', /roles\.reader\.plays/],
    ['    returns: struct', '    returnz: struct', /roles\.reader/],
  ] as const) {
    writeFileSync(join(dir, model), MODEL.replace(from, to));
    assert.notEqual(MODEL.replace(from, to), MODEL, from);
    refused(dir, model, 1, reason);
  }
  writeFileSync(join(dir, model), `${MODEL}broken: [\n`);
  refused(dir, model, MODEL.split('\n').length + 1, /./);
});

test('a model without its C is refused', (t) => {
  const dir = rulesWith(t, { 'models/mempolicy/half/model.yml': MODEL });
  refused(dir, 'models/mempolicy/half/model.yml', 1, /there is no model\.c beside it/);
});

test('types: what a field is to the core', () => {
  const { types } = loadRules(RULES);
  for (const [type, kind] of [
    ['struct mutex', 'lock'],
    ['struct mutex *', 'pointer'],
    ['atomic_t', 'ref'],
    ['struct percpu_ref', 'percpu-ref'],
    ['struct rcu_head', 'callback'],
    ['struct page *[16]', 'pointer'],
    ['unsigned long', 'int'],
    ['', 'int'],
  ] as const)
    assert.equal(types.cellKind(type), kind, type);
  assert.equal(types.isCount('mempolicy', 'refcnt'), true);
  assert.equal(types.isCount('', 'refcnt'), true);
  assert.equal(types.isCount('page', 'refcnt'), false);
  assert.equal(types.isCount('mempolicy', 'mode'), false);
  for (const [flags, sleeps] of [
    ['GFP_KERNEL', true],
    ['GFP_KERNEL | __GFP_NOWARN', true],
    ['GFP_ATOMIC', false],
    ['GFP_NOWAIT | __GFP_NOWARN', false],
    ['gfp', null],
    ['', null],
  ] as const)
    assert.equal(types.gfpSleeps(flags), sleeps, flags);
});

test('every vocabulary file says what it is about', () => {
  for (const name of readdirSync(join(RULES, 'vocabulary'))) {
    const text = readFileSync(join(RULES, 'vocabulary', name), 'utf8');
    assert.match(text, /^about: (>-\n {2})?\S.{20,}/, name);
  }
});
