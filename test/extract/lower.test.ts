/**
 * From C to operations: expressions, places, control flow, and what calls become by vocabulary, by body, or by the
 * assumption that they are harmless. Temporaries and labels are numbered as they appear.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowered, ops } from './support.ts';

const DECLARATIONS = `
struct mempolicy { atomic_t refcnt; int mode; struct rcu_head rcu; };
struct box {
	struct mutex lock; int n; struct box *next; struct mempolicy *pol; struct list_head list; refcount_t refs;
	struct { spinlock_t lock; int v; } in;
};
struct box the_box;
struct box *head;
`;

/** The last of `code`'s functions becomes `want`. */
function becomes(code: string, want: string[], touched?: string[]): void {
  assert.deepEqual(ops(DECLARATIONS + code, touched), want, code);
}

test('expressions', () => {
  becomes('int f(struct box *b, int i) { return -(b->n + 2 * i) - (i & 3); }', [
    '%0 = load b:box.n',
    '%1 = 2 mul i',
    '%2 = %0 add %1',
    '%3 = 0 sub %2',
    '%4 = i and 3',
    '%5 = %3 sub %4',
    'return %5',
  ]);
  for (const [operator, line] of [
    ['a == c', '%0 = a eq c'],
    ['a != c', '%0 = a ne c'],
    ['a < c', '%0 = a lt c'],
    ['a <= c', '%0 = a le c'],
    ['a + c', '%0 = a add c'],
    ['a / c', '%0 = a div c'],
    ['a % c', '%0 = a mod c'],
    ['a | c', '%0 = a or c'],
    ['a ^ c', '%0 = a xor c'],
    ['a << c', '%0 = a shl c'],
    ['a >> c', '%0 = a shr c'],
    ['~a', '%0 = a xor -1'],
  ] as const)
    becomes(`int f(int a, int c) { int x = ${operator}; return x; }`, [line, 'x = %0', 'return x']);
  becomes('int f(int a, int c) { int x = a > c; return x; }', [
    '%0 = a le c',
    '%1 = %0 eq 0',
    'x = %1',
    'return x',
  ]);
  becomes('int f(int a, int c) { int x = a >= c; return x; }', [
    '%0 = a lt c',
    '%1 = %0 eq 0',
    'x = %1',
    'return x',
  ]);
});

test('constants: numbers, NULL, truth, errors', () => {
  for (const [constant, value] of [
    ['7', '7'],
    ['-1', '-1'],
    ['NULL', '0'],
    ['true', '1'],
    ['false', '0'],
    ['-EINVAL', '-22'],
    ['-ENOMEM', '-12'],
  ] as const)
    assert.equal(ops(`int f(void) { return ${constant}; }`).at(-1), `return ${value}`, constant);
});

test('places: through pointers, in nested structures, globals, elements', () => {
  becomes('int f(struct box *b) { return b->next->next->n; }', [
    '%0 = load b:box.next',
    '%1 = load %0:box.next',
    '%2 = load %1:box.n',
    'return %2',
  ]);
  becomes('void f(struct box *b) { b->in.v = 3; spin_lock(&b->in.lock); }', [
    'store b:box.in.v 3',
    'lock b:box.in.lock spin',
    'return',
  ]);
  becomes('int f(void) { the_box.n = 1; return head->n; }', [
    'store @the_box:box.n 1',
    '%0 = load [@head]',
    '%1 = load %0:box.n',
    'return %1',
  ]);
  becomes('void f(struct box **v, int i) { mutex_unlock(&v[i]->lock); mutex_unlock(&v[0]->lock); }', [
    '%0 = v add i',
    '%1 = load [%0]',
    'unlock %1:box.lock mutex',
    '%2 = load [v]',
    'unlock %2:box.lock mutex',
    'return',
  ]);
});

test('a local whose address is taken lives in memory, others in registers', () => {
  const { locals, routine } = lowered(
    `${DECLARATIONS}int f(struct box *b) { struct box own; int v, w = b->n; fill(&v); own.n = v; return w; }`,
  );
  assert.deepEqual(
    locals.map((l) => `${l.type} ${l.name}`),
    ['struct box own', 'int v'],
  );
  assert.ok(routine.code.some((i) => i.op === 'escape' && i.value === '@%v' && i.to === 'fill'));
  assert.ok(routine.code.some((i) => i.op === 'store' && i.to.base === '@%own' && i.to.cell === 'n'));
  assert.ok(routine.code.some((i) => i.op === 'set' && i.dst === 'w'));
});

test('short circuits are branches: the right side runs only when it must', () => {
  becomes('void f(struct box *b) { if (b && mutex_trylock(&b->lock)) mutex_unlock(&b->lock); }', [
    'if b goto L0',
    'L1:',
    'return',
    'L0:',
    '$1 = trylock b:box.lock mutex',
    'if $1 goto L2',
    'goto L1',
    'L2:',
    'unlock b:box.lock mutex',
    'goto L1',
  ]);
});

test('attempts give what the function returns', () => {
  becomes('int f(struct box *b) { return mutex_trylock(&b->lock); }', [
    '$1 = trylock b:box.lock mutex',
    'return $1',
  ]);
  becomes('int f(struct box *b) { return mutex_lock_killable(&b->lock); }', [
    'sleep',
    '%0 = trylock b:box.lock mutex',
    'if %0 goto L0',
    '$1 = -4',
    'goto L1',
    'L0:',
    '$1 = 0',
    'L1:',
    'return $1',
  ]);
});

test('what a function returns: owned, allocated, an error', () => {
  const all = ops(
    'struct mempolicy *f(nodemask_t *n) { struct mempolicy *p = mpol_new(1, 0, n); return p; }',
  );
  assert.equal(all[0], 'sleep');
  for (const line of ['p = 0', 'p = -12', 'p = unknown nonnull', 'own p (reference)', 'return p'])
    assert.ok(all.includes(line), `${line} in ${all.join('; ')}`);
  const box = `${DECLARATIONS}struct box *f(gfp_t gfp) { struct box *b = kmalloc(8, FLAGS); return b; }`;
  const alloc = (flags: string): string[] => ops(box.replace('FLAGS', flags));
  assert.ok(alloc('GFP_KERNEL').includes('sleep'));
  assert.ok(alloc('GFP_KERNEL').includes('b = alloc box'));
  assert.ok(alloc('GFP_KERNEL').includes('b = 0'));
  assert.ok(!alloc('GFP_ATOMIC').includes('sleep'));
  assert.ok(!alloc('gfp').includes('sleep'), 'flags that cannot be told do not sleep');
  assert.deepEqual(alloc('GFP_ATOMIC | __GFP_NOFAIL'), ['b = alloc box', 'return b']);
});

test('RCU', () => {
  becomes(
    'void f(struct box *b) { struct mempolicy *p; rcu_read_lock(); p = rcu_dereference(b->pol); rcu_read_unlock(); rcu_assign_pointer(b->pol, p); }',
    ['rcu.enter', 'p = load b:box.pol dereference', 'rcu.exit', 'store b:box.pol p assign', 'return'],
  );
  becomes('void f(struct box *b) { kfree_rcu(b->pol, rcu); }', [
    '%0 = load b:box.pol',
    'rcu.call free %0',
    'return',
  ]);
  const { routine } = lowered(`${DECLARATIONS}
void done(struct rcu_head *h) { kfree(container_of(h, struct mempolicy, rcu)); }
void f(struct mempolicy *p) { call_rcu(&p->rcu, done); }`);
  const call = routine.code.find((i) => i.op === 'rcu.call');
  assert.equal(call?.routine, 'done');
  assert.deepEqual(call?.head, { base: 'p', type: 'mempolicy', cell: 'rcu' });
});

test('an atomic_t counts references only where the rules say so', () => {
  becomes('void f(struct box *b, struct mempolicy *p) { atomic_inc(&b->users); atomic_inc(&p->refcnt); }', [
    'ref.get p:mempolicy.refcnt',
    'return',
  ]);
});

test('accessors and tests of values', () => {
  becomes('void f(struct box *b) { WRITE_ONCE(b->n, READ_ONCE(b->next->n)); }', [
    '%0 = load b:box.next',
    '$1 = load %0:box.n once',
    'store b:box.n $1 once',
    'return',
  ]);
  becomes('int f(struct box *b) { int x = IS_ERR(b); return x; }', ['%0 = b lt 0', 'x = %0', 'return x']);
  becomes('int f(struct box *b) { int x = IS_ERR_OR_NULL(b); return x; }', [
    '%0 = b le 0',
    'x = %0',
    'return x',
  ]);
  becomes('void f(struct box *b) { if (unlikely(b->n)) mutex_unlock(&b->lock); }', [
    '%0 = load b:box.n',
    'if %0 goto L0',
    'L1:',
    'return',
    'L0:',
    'unlock b:box.lock mutex',
    'goto L1',
  ]);
});

test('what BUG_ON() rules out does not go on', () => {
  const all = ops(`${DECLARATIONS}void f(struct box *b) { BUG_ON(!b); b->n = 3; }`);
  assert.ok(all.includes('assume 0'));
  assert.equal(all.filter((l) => l.startsWith('store')).length, 1);
});

test('an unknown call may return anything and gives back what it was lent', () => {
  const { routine, unknownCalls } = lowered(
    `${DECLARATIONS}int f(struct box *b) { int x = b->ops->go(b); mystery(b, 3); return x; }`,
  );
  assert.deepEqual(unknownCalls, ['a call through a pointer', 'mystery']);
  assert.ok(routine.code.some((i) => i.op === 'escape' && i.value === 'b' && i.to === 'mystery'));
  assert.ok(routine.code.some((i) => i.op === 'unknown' && i.dst === 'x' && i.what === 'int'));
});

test('what is stored where a list says belongs to it', () => {
  becomes('void f(struct box *b) { list_add(&b->list, &head->list); }', [
    '%0 = address b:box.list',
    'escape %0',
    'return',
  ]);
});

test('a body goes in the place of its call, its names kept apart', () => {
  const helper = 'static int g(struct box *x) { int n = x->n; if (n) return n; return 3; }\n';
  const { routine } = lowered(
    `${DECLARATIONS}${helper}int f(struct box *b) { int n = g(b); return n + g(b->next); }`,
  );
  const registers = new Set(
    routine.code.flatMap((i) => ('dst' in i && typeof i.dst === 'string' ? [i.dst] : [])),
  );
  for (const name of ['g#0.x', 'g#0.n', 'g#1.x', 'g#1.n', 'n'])
    assert.ok(registers.has(name), `${name} of ${[...registers]}`);
  assert.equal(routine.code.filter((i) => i.op === 'return').length, 1);
  assert.ok(!routine.code.some((i) => i.op === 'call'));
});

test('operations of an inlined body stand at the call', () => {
  const { routine } = lowered(`${DECLARATIONS}
static void g(struct box *x) { mutex_lock(&x->lock); }
void f(struct box *b)
{
	g(b);
	mutex_unlock(&b->lock);
}`);
  const site = (op: string): string => {
    const { line, function: fn, text } = routine.sites[routine.code.find((i) => i.op === op)!.site!]!;
    return `${fn}:${line - DECLARATIONS.split('\n').length + 1}: ${text}`;
  };
  assert.equal(site('lock'), 'f:5: g(b)');
  assert.equal(site('unlock'), 'f:6: mutex_unlock(&b->lock)');
});

test('recursion ends', () => {
  const { routine } = lowered(`${DECLARATIONS}
static void g(struct box *b);
static void h(struct box *b) { if (b) g(b->next); }
static void g(struct box *b) { mutex_lock(&b->lock); h(b); mutex_unlock(&b->lock); }`);
  assert.ok(routine.code.length < 60, `${routine.code.length} operations`);
  assert.equal(routine.code.filter((i) => i.op === 'lock').length, 1);
});

test('loops stay loops; an iterator sets what it iterates', () => {
  becomes(
    'void f(struct box *b) { struct box *q; list_for_each_entry(q, &b->list, list) mutex_unlock(&q->lock); }',
    [
      'L0:',
      '%0 = unknown bool',
      '%1 = %0 eq 0',
      'if %1 goto L1',
      '%2 = unknown nonnull',
      'q = %2',
      'unlock q:box.lock mutex',
      'goto L0',
      'L1:',
      'return',
    ],
  );
});

test('names of functions, parameters and locals do not matter', () => {
  const code =
    'int NAME(struct box *PARAM) { int LOCAL = PARAM->n; if (LOCAL) mutex_lock(&PARAM->lock); return LOCAL; }';
  const with_ = (name: string, param: string, local: string): string[] =>
    ops(
      DECLARATIONS + code.replaceAll('NAME', name).replaceAll('PARAM', param).replaceAll('LOCAL', local),
    ).map((l) =>
      l.replaceAll(new RegExp(`\\b${param}\\b`, 'g'), 'p').replaceAll(new RegExp(`\\b${local}\\b`, 'g'), 'l'),
    );
  assert.deepEqual(with_('do_it', 'crate', 'count'), with_('f', 'p', 'l'));
});
