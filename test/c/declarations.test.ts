/** Structs, typedefs, globals, enumerators, macros and types of expressions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dumpExpr, type Expr, parseUnit, typeOf, typeScope } from '../../src/c/index.ts';
import { fixture } from './support.ts';

const unit = parseUnit(fixture('nasty.c'), 'nasty.c');

function fields(tag: string): string[] {
  return unit.structs.get(tag)!.fields.map((f) => `${f.name}: ${f.type}`);
}

test('fields have their types; anonymous members belong to the struct around them', () => {
  assert.deepEqual(fields('struct box'), [
    'guard: spinlock_t',
    'inner: struct box.inner',
    'open: int (*)(struct box *, int)',
    'slots: int',
    'spare: int',
    'link: struct list_head',
    'lid: struct lid',
    'used: unsigned long []',
  ]);
  assert.deepEqual(fields('struct box.inner'), ['value: int', 'tail: char []']);
  assert.deepEqual(fields('struct lid'), ['colour: int']);
});

test('a typedef names its struct, a union is marked in its fields', () => {
  assert.equal(unit.typedefs.get('pair_t'), 'struct pair_t');
  assert.deepEqual(fields('struct pair_t'), ['first: int', 'second: int *', 'w: union pair_t.w']);
  assert.deepEqual(
    unit.structs.get('union pair_t.w')!.fields.map((f) => f.union),
    ['union pair_t.w', 'union pair_t.w'],
  );
});

test('unions without a name are told apart by their place', () => {
  const { structs } = parseUnit(
    'struct s {\n\tunion {\n\t\tint a;\n\t\tlong b;\n\t};\n\tint c;\n};\n',
    'x.h',
  );
  const [a, b, c] = structs.get('struct s')!.fields;
  assert.deepEqual([a!.name, b!.name, c!.name], ['a', 'b', 'c']);
  assert.ok(a!.union !== '' && a!.union === b!.union);
  assert.equal(c!.union, '');
});

test('globals, also those that macros define', () => {
  assert.equal(unit.globals.get('box_lock'), 'spinlock_t');
  assert.equal(unit.globals.get('table'), 'struct box * []');
  assert.equal(unit.globals.get('spare_box'), 'struct box');
  assert.equal(unit.globals.get('handler'), 'int (*)(struct box *, int)');
});

test('enumerators have values, macros among them', () => {
  assert.deepEqual(
    [...unit.enums],
    [
      ['RED', 0],
      ['GREEN', 4],
      ['BLUE', 5],
      ['LAST', 21],
    ],
  );
});

test('declarators of all shapes', () => {
  const declared = (text: string): string | undefined => [...parseUnit(text, 'x.c').globals.values()][0];
  assert.equal(declared('static const struct foo *const *x;'), 'struct foo **');
  assert.equal(declared('unsigned long x[4][2] = { 0 };'), 'unsigned long [][]');
  assert.equal(declared('int (*x)(void);'), 'int (*)()');
  assert.equal(declared('struct foo *(*x[3])(int, char *);'), 'struct foo * (*[])(int, char *)');
  assert.equal(declared('struct foo { int a; } x;'), 'struct foo');
  assert.equal(declared('static DEFINE_PER_CPU(struct foo *, x);'), 'struct foo *');
  assert.equal(declared('u64 __read_mostly x;'), 'u64');
});

const FUNCTION = `
struct leaf { int n; struct leaf *next; };
typedef struct leaf *leaf_ptr;
struct tree { struct leaf *root, kept; leaf_ptr other; int (*op)(struct tree *t); union { struct leaf *a; long b; } u; struct leaf many[4]; };
#define first_of(t) ((t)->root)
struct leaf *get_leaf(struct tree *t);
static struct tree forest[8];
void f(struct tree *t, void *p)
{
	struct leaf *l = container_of(p, struct leaf, n);
	typeof(*l) copy;
	typeof(t->root->next) same;

	use(get_leaf(t)->next);
	use(first_of(t)->n);
	use(((struct tree *)p)->kept.next);
	use(t->u.a->n);
	use(t->other->next);
	use(forest[2].root);
	use(t->many[1].next);
	use(copy.next);
	use(same->n);
	use(READ_ONCE(t->root)->next);
	use(*t->root);
	use(&t->kept);
	use(t->root + 1);
	use(container_of(l, struct tree, kept)->op(t));
	use(unknown(t)->x);
}
`;

test('types of expressions through fields, calls, casts, macros and typedefs', () => {
  const own = parseUnit(FUNCTION, 'x.c');
  const fn = own.functions[0]!;
  const scope = typeScope(own, null);
  const types = fn.cfg().nodes.flatMap((n) => {
    if (n.instr.k !== 'call' || n.instr.callee !== 'use') return [];
    const arg = n.instr.args[0] as Expr;
    return [`${n.text}: ${typeOf(arg, fn, scope)}`];
  });
  assert.deepEqual(types, [
    'use(get_leaf(t)->next): struct leaf *',
    'use(first_of(t)->n): int',
    'use(((struct tree *)p)->kept.next): struct leaf *',
    'use(t->u.a->n): int',
    'use(t->other->next): struct leaf *',
    'use(forest[2].root): struct leaf *',
    'use(t->many[1].next): struct leaf *',
    'use(copy.next): struct leaf *',
    'use(same->n): int',
    'use(READ_ONCE(t->root)->next): struct leaf *',
    'use(*t->root): struct leaf',
    'use(&t->kept): struct leaf *',
    'use(t->root + 1): struct leaf *',
    'use(container_of(l, struct tree, kept)->op(t)): int',
    'use(unknown(t)->x): ',
  ]);
});

test('a call through a pointer has an expression as its callee', () => {
  const own = parseUnit(FUNCTION, 'x.c');
  const callees = own.functions[0]!.cfg().nodes.flatMap((n) =>
    n.instr.k === 'call' && typeof n.instr.callee !== 'string' ? [dumpExpr(n.instr.callee)] : [],
  );
  assert.deepEqual(callees, ['$3->op']);
});

test('tables of functions: which member holds which name', () => {
  const { tables } = parseUnit(
    'static const struct ops box_ops = {\n\t.open = box_open,\n\t.close\t= &box_close,\n\t.size = 4,\n\t.inner = { .get = box_get },\n};\nstatic struct ops many[] = {\n\t[A] = { .open = a_open },\n\t[B] = { .open = b_open },\n};\nint plain = 3;\n',
    'x.c',
  );
  assert.deepEqual(Object.fromEntries(tables.get('box_ops')!), {
    open: 'box_open',
    close: 'box_close',
    'inner.get': 'box_get',
  });
  assert.deepEqual(Object.fromEntries(tables.get('many')!), { open: 'a_open', 'open#2': 'b_open' });
  assert.equal(tables.has('plain'), false);
});
