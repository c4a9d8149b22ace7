/**
 * The language of vocabulary rows: families, places, every effect, and what is refused, with the reason. A row is
 * checked through what it says for a caller: name, parameters, effects.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Effect, type EffectPlace, parseRow, RowError } from '../../src/rules/effects.ts';

function effects(text: string, head = 'f(a, b, c)'): Effect[] {
  return parseRow(head, text, 'v.yml', 7)[0]!.effects;
}

function place(root: EffectPlace['root'], cells = '', deref = false): EffectPlace {
  return { root, cells, deref };
}

test('a row: name, parameters, where it stands', () => {
  const [row, ...more] = parseRow('mmap_read_lock(mm)', 'sleep; lock rwsem shared mm.mmap_lock', 'v.yml', 7);
  assert.deepEqual(more, []);
  assert.deepEqual(row, {
    name: 'mmap_read_lock',
    params: ['mm'],
    effects: [
      { do: 'sleep' },
      { do: 'lock', kind: 'rwsem', mode: 'shared', irq: 'plain', at: place(0, 'mmap_lock') },
    ],
    file: 'v.yml',
    line: 7,
  });
  assert.deepEqual(parseRow('f()', 'harmless', 'v.yml', 1)[0]!.params, []);
  assert.deepEqual(parseRow(' f( a ,b ) ', ' sleep ;; ', 'v.yml', 1)[0], {
    name: 'f',
    params: ['a', 'b'],
    effects: [{ do: 'sleep' }],
    file: 'v.yml',
    line: 1,
  });
});

test('families', () => {
  const names = (head: string): string[] => parseRow(head, 'sleep', 'v.yml', 1).map((r) => r.name);
  assert.deepEqual(names('f{,_a,_b}()'), ['f', 'f_a', 'f_b']);
  assert.deepEqual(names('{x,y}_f()'), ['x_f', 'y_f']);
  assert.deepEqual(names('k{m,z}alloc{,_node}()'), ['kmalloc', 'kmalloc_node', 'kzalloc', 'kzalloc_node']);
  assert.deepEqual(names('f{}()'), ['f']);
});

test('what a group puts after its = is $1, that of the second $2', () => {
  const rows = parseRow('spin_lock{,_irq=irq,_bh=bh}(l)', 'lock spin l irq=$1', 'v.yml', 1);
  assert.deepEqual(
    rows.map((r) => [r.name, (r.effects[0] as { irq: string }).irq]),
    [
      ['spin_lock', 'plain'],
      ['spin_lock_irq', 'irq'],
      ['spin_lock_bh', 'bh'],
    ],
  );
  const two = parseRow('{read=shared,write=}_lock{_irq=irq,}(l)', 'lock rwlock $1 l irq=$2', 'v.yml', 1);
  assert.deepEqual(
    two.map((r) => [r.name, (r.effects[0] as { mode: string }).mode, (r.effects[0] as { irq: string }).irq]),
    [
      ['read_lock_irq', 'shared', 'irq'],
      ['read_lock', 'shared', 'plain'],
      ['write_lock_irq', 'exclusive', 'irq'],
      ['write_lock', 'exclusive', 'plain'],
    ],
  );
});

test('places', () => {
  const at = (text: string): EffectPlace => (effects(`get ${text}`)[0] as { at: EffectPlace }).at;
  assert.deepEqual(at('a'), place(0));
  assert.deepEqual(at('c.x'), place(2, 'x'));
  assert.deepEqual(at('b.x.y'), place(1, 'x.y'));
  assert.deepEqual(at('*b'), place(1, '', true));
  assert.deepEqual(at('*b.x'), place(1, 'x', true));
  assert.deepEqual(at('ret.x'), place('ret', 'x'));
  assert.deepEqual(at('current.x'), place('current', 'x'));
  assert.deepEqual(at('@tasklist.x'), place('@tasklist', 'x'));
});

/** Every effect that the type knows, at least once. */
const ALL: [text: string, effect: Effect][] = [
  ['lock spin a', { do: 'lock', kind: 'spin', mode: 'exclusive', irq: 'plain', at: place(0) }],
  [
    'lock raw-spin a irq=irqsave',
    { do: 'lock', kind: 'raw-spin', mode: 'exclusive', irq: 'irqsave', at: place(0) },
  ],
  ['lock rwlock shared a irq=bh', { do: 'lock', kind: 'rwlock', mode: 'shared', irq: 'bh', at: place(0) }],
  ['unlock mutex b', { do: 'unlock', kind: 'mutex', mode: 'exclusive', irq: 'plain', at: place(1) }],
  ['unlock rwsem shared b', { do: 'unlock', kind: 'rwsem', mode: 'shared', irq: 'plain', at: place(1) }],
  ['unlock bit b', { do: 'unlock', kind: 'bit', mode: 'exclusive', irq: 'plain', at: place(1) }],
  ['lock seqlock b', { do: 'lock', kind: 'seqlock', mode: 'exclusive', irq: 'plain', at: place(1) }],
  [
    'trylock mutex a -> zero',
    { do: 'trylock', kind: 'mutex', mode: 'exclusive', irq: 'plain', at: place(0), when: 'zero' },
  ],
  [
    'trylock spin a -> nonzero',
    { do: 'trylock', kind: 'spin', mode: 'exclusive', irq: 'plain', at: place(0), when: 'nonzero' },
  ],
  [
    'trylock spin a -> nonnull',
    { do: 'trylock', kind: 'spin', mode: 'exclusive', irq: 'plain', at: place(0), when: 'nonnull' },
  ],
  ['lock-if-nonnull spin b', { do: 'lock-if-nonnull', kind: 'spin', at: place(1) }],
  ['downgrade rwsem a', { do: 'downgrade', kind: 'rwsem', at: place(0) }],
  ['held a', { do: 'held', mode: 'exclusive', at: place(0) }],
  ['held shared a.x', { do: 'held', mode: 'shared', at: place(0, 'x') }],
  ['init a', { do: 'init', flavour: 'refcount', at: place(0), value: 1 }],
  ['init atomic a 2', { do: 'init', flavour: 'atomic', at: place(0), value: 2 }],
  ['get a.refs', { do: 'get', flavour: 'refcount', at: place(0, 'refs'), value: 1 }],
  ['put atomic a.refs', { do: 'put', flavour: 'atomic', at: place(0, 'refs'), value: 1 }],
  ['read a', { do: 'read', flavour: 'refcount', at: place(0), value: 1 }],
  ['tryget atomic a -> nonzero', { do: 'tryget', flavour: 'atomic', at: place(0), when: 'nonzero' }],
  ['put-test a', { do: 'put-test', flavour: 'refcount', at: place(0) }],
  ['percpu-init a b', { do: 'percpu-init', at: place(0), release: 1 }],
  ['percpu-get a', { do: 'percpu-get', at: place(0) }],
  ['percpu-put a', { do: 'percpu-put', at: place(0) }],
  ['percpu-kill a', { do: 'percpu-kill', at: place(0) }],
  ['percpu-exit a', { do: 'percpu-exit', at: place(0) }],
  ['percpu-reinit a', { do: 'percpu-reinit', at: place(0) }],
  ['percpu-tryget a', { do: 'percpu-tryget', at: place(0), live: false }],
  ['percpu-tryget a live', { do: 'percpu-tryget', at: place(0), live: true }],
  ['returns owned mempolicy', { do: 'returns', what: 'owned', fails: 'never', name: 'mempolicy', of: -1 }],
  [
    'returns owned mempolicy or error',
    { do: 'returns', what: 'owned', fails: 'error', name: 'mempolicy', of: -1 },
  ],
  ['returns alloc memory or null', { do: 'returns', what: 'alloc', fails: 'null', name: 'memory', of: -1 }],
  [
    'returns borrowed page of table or either',
    { do: 'returns', what: 'borrowed', fails: 'either', name: 'page of table', of: -1 },
  ],
  ['returns borrowed b', { do: 'returns', what: 'borrowed', fails: 'never', name: 'b', of: 1 }],
  ['returns zero-or-error', { do: 'returns-value', what: 'zero-or-error' }],
  ['returns bool', { do: 'returns-value', what: 'bool' }],
  ['returns int', { do: 'returns-value', what: 'int' }],
  ['returns nonnull', { do: 'returns-value', what: 'nonnull' }],
  ['returns c', { do: 'returns-argument', of: 2 }],
  ['free a', { do: 'free', at: place(0) }],
  ['free-rcu a', { do: 'free-rcu', at: place(0) }],
  ['move a', { do: 'move', at: place(0) }],
  ['sleep', { do: 'sleep' }],
  ['sleep if gfp b', { do: 'sleep-if-gfp', of: 1 }],
  ['irq off', { do: 'context', what: 'irq', change: 1 }],
  ['bh on', { do: 'context', what: 'bh', change: -1 }],
  ['preempt off', { do: 'context', what: 'preempt', change: 1 }],
  ['pagefault on', { do: 'context', what: 'pagefault', change: -1 }],
  ['rcu enter', { do: 'rcu', what: 'enter', domain: '' }],
  ['rcu exit srcu', { do: 'rcu', what: 'exit', domain: 'srcu' }],
  ['rcu synchronize', { do: 'rcu', what: 'synchronize', domain: '' }],
  ['rcu barrier', { do: 'rcu', what: 'barrier', domain: '' }],
  ['rcu call a b', { do: 'rcu-call', head: 0, routine: 1 }],
  ['load once a', { do: 'load', how: 'once', at: place(0) }],
  ['load acquire *a', { do: 'load', how: 'acquire', at: place(0, '', true) }],
  ['load dereference a', { do: 'load', how: 'dereference', at: place(0) }],
  ['store once a b', { do: 'store', how: 'once', at: place(0), value: 1 }],
  ['store release *a b', { do: 'store', how: 'release', at: place(0, '', true), value: 1 }],
  ['store assign a b', { do: 'store', how: 'assign', at: place(0), value: 1 }],
  ['exchange *a b', { do: 'exchange', at: place(0, '', true), value: 1 }],
  ['test error a', { do: 'test', what: 'error', of: 0 }],
  ['test error-or-null a', { do: 'test', what: 'error-or-null', of: 0 }],
  ['test nothing a', { do: 'test', what: 'nothing', of: 0 }],
  ['sets *b', { do: 'sets', at: place(1, '', true) }],
  ['harmless', { do: 'harmless' }],
];

test('every effect', () => {
  for (const [text, effect] of ALL) assert.deepEqual(effects(text), [effect], text);
});

test('effects happen in the order in which they stand', () => {
  for (let i = 0; i + 1 < ALL.length; i++) {
    const [first, second] = [ALL[i]!, ALL[i + 1]!];
    assert.deepEqual(effects(`${first[0]}; ${second[0]}`), [first[1], second[1]]);
    assert.deepEqual(effects(`${second[0]} ;${first[0]};`), [second[1], first[1]]);
  }
});

test('what is refused, and why', () => {
  for (const [head, text, reason] of [
    ['f', 'sleep', /"f" is not "name\(parameters\)"/],
    ['f(', 'sleep', /"f\(" is not "name\(parameters\)"/],
    ['f g(a)', 'sleep', /is not "name\(parameters\)"/],
    ['f{,_x(a)', 'sleep', /"f\{,_x" lacks a \}/],
    ['f(a)', '', /"f\(a\)" says nothing/],
    ['f(a)', ' ; ', /says nothing/],
    ['f(a)', 'explode a', /"explode a" is no effect/],
    ['f(a)', 'lock a', /"a" is no kind of lock/],
    ['f(a)', 'lock', /"" is no kind of lock/],
    ['f(a)', 'lock spin', /a place is missing/],
    ['f(a)', 'lock spin b', /"b" is not a parameter, ret, current or @global/],
    ['f(a)', 'lock spin a irq=never', /irq=never is not plain, irq, irqsave or bh/],
    ['f(a)', 'lock spin a irq=$1', /\$1 has no \{\} group in "f\(a\)"/],
    ['f{,_x=irq}(a)', 'lock spin a irq=$2', /\$2 has no \{\} group/],
    ['f(a)', 'trylock spin a', /must say "-> nonzero", "-> zero" or "-> nonnull"/],
    ['f(a)', 'trylock spin a -> true', /must say/],
    ['f(a)', 'tryget a', /must say/],
    ['f(a)', 'get', /a place is missing/],
    ['f(a)', 'sleep a', /"sleep a" is no effect/],
    ['f(a)', 'sleep if gfp g', /"g" is not a parameter/],
    ['f(a)', 'irq', /"irq" is no effect/],
    ['f(a)', 'preempt maybe', /is no effect/],
    ['f(a)', 'rcu', /is no effect/],
    ['f(a)', 'rcu leave', /is no effect/],
    ['f(a)', 'rcu call a', /"" is not a parameter/],
    ['f(a)', 'percpu-init a', /"" is not a parameter/],
    ['f(a)', 'load a', /"load a" is no effect/],
    ['f(a)', 'store once a v', /"v" is not a parameter/],
    ['f(a)', 'store sometimes a a', /is no effect/],
    ['f(a)', 'exchange a', /"" is not a parameter/],
    ['f(a)', 'test truth a', /is no effect/],
    ['f(a)', 'returns', /"" is not a parameter/],
    ['f(a)', 'returns b', /"b" is not a parameter/],
    ['f(a)', 'returns owned page or nothing', /must say "or null", "or error" or "or either"/],
  ] as const) {
    assert.throws(
      () => parseRow(head, text, 'v.yml', 7),
      (error: unknown) => error instanceof RowError && reason.test(error.message),
      `${head}: ${text}`,
    );
  }
});

// A word too many, which may well be a misspelt `shared` or `atomic`, is read over. All of these ought to be refused.
test('unfortunate: words that mean nothing are let through', () => {
  for (const [head, text, same] of [
    ['f(a)', 'lock rwlock a sharred', 'lock rwlock a'],
    ['f(a)', 'put a atomik', 'put a'],
    ['f(a)', 'percpu-tryget a lively', 'percpu-tryget a'],
    ['f(a)', 'get a -> nonzero', 'get a'],
    ['f(a)', 'returns bool or null', 'returns bool'],
    ['f(a)', 'harmless mostly', 'harmless'],
  ] as const)
    assert.deepEqual(effects(text, head), effects(same, head), text);
  assert.deepEqual(effects('init a banana'), [
    { do: 'init', flavour: 'refcount', at: place(0), value: Number.NaN },
  ]);
  assert.equal(parseRow('f(a)(b)', 'sleep', 'v.yml', 1)[0]!.name, 'f(a)');
  assert.equal(parseRow('f}(a)', 'sleep', 'v.yml', 1)[0]!.name, 'f}');
});
