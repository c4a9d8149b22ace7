/**
 * The files of a new hazard model: a small one that is right, with a wrong and a right design, a role, and two examples each
 * way. Whoever writes a model changes it line by line.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const MODEL_C = `/*
 * One object that a table points to. The table owns a reference; whoever looks
 * the object up takes another one.
 */
struct thing {
	refcount_t refs;
	int value;
	struct rcu_head rcu;
};

struct table {
	struct thing *slot;
	spinlock_t lock;
};

struct table TABLE;

void setup(void)
{
	struct thing *t = kzalloc(sizeof(*t), GFP_KERNEL | __GFP_NOFAIL);

	refcount_set(&t->refs, 1);
	TABLE.slot = t;
}

static void put_thing(struct thing *t)
{
	if (refcount_dec_and_test(&t->refs))
		kfree_rcu(t, rcu);
}

void remove_thing(struct table *table)
{
	struct thing *t;

	spin_lock(&table->lock);
	t = table->slot;
	rcu_assign_pointer(table->slot, NULL);
	spin_unlock(&table->lock);
	put_thing(t);
}

void reader(struct table *table)
{
	struct thing *t;
	int value;

	rcu_read_lock();
	t = rcu_dereference(table->slot);
	if (t && !refcount_inc_not_zero(&t->refs))
		t = NULL;
	rcu_read_unlock();
	if (!t)
		return;
	value = t->value;
	put_thing(t);
}

void reader_that_gets(struct table *table)
{
	struct thing *t;
	int value;

	rcu_read_lock();
	t = rcu_dereference(table->slot);
	if (t)
		refcount_inc(&t->refs);
	rcu_read_unlock();
	if (!t)
		return;
	value = t->value;
	put_thing(t);
}

/* What a patched lookup is put into. */
void user(struct table *table)
{
	struct thing *t = find_thing(table);
	int value;

	if (!t)
		return;
	value = t->value;
	put_thing(t);
}
`;

const MODEL_YML = `title: Looking a thing up while it is removed
thread:
  subject: "[PATCH] the mail that started it"
  list: linux-mm
  date: 2024-01-01
about: >-
  What the hazard is, who takes part, and what keeps it from happening: three or four sentences.
setup: setup
designs:
  Z0:
    title: readers try to get, under RCU
    threads: [reader(TABLE), remove_thing(TABLE)]
  Z1:
    title: readers get without trying
    threads: [reader_that_gets(TABLE), remove_thing(TABLE)]
roles:
  lookup:
    about: a function that looks a thing up in a table and hands it out
    plays: find_thing
    returns: struct thing *
    takes: [struct table *]
    reads: [table.slot]
    thread: user(TABLE)
    against:
      - threads: [remove_thing(TABLE)]
`;

const TREE = `struct thing {
	refcount_t refs;
	int value;
	struct rcu_head rcu;
};

struct table {
	struct thing *slot;
	spinlock_t lock;
};

static struct thing *find_thing(struct table *table)
{
	struct thing *t;

	rcu_read_lock();
	t = rcu_dereference(table->slot);
	if (t && !refcount_inc_not_zero(&t->refs))
		t = NULL;
	rcu_read_unlock();
	return t;
}
`;

const FILE = 'mm/thing.c';

/** A patch that puts `after` in the place of lines of TREE; what is expected is said `offset` lines below. */
function example(subject: string, expect: string, before: string[], after: string[], offset = 0): string {
  const lines = TREE.trimEnd().split('\n');
  const at = lines.findIndex((_, i) => before.every((line, k) => lines[i + k] === line));
  const [from, to] = [Math.max(0, at - 3), Math.min(lines.length, at + before.length + 3)];
  const old = to - from;
  return `${[
    `Subject: [PATCH] ${subject}`,
    '',
    `Expect: ${expect.replace('LINE', String(at + 1 + offset))}`,
    '',
    `diff --git a/${FILE} b/${FILE}`,
    `--- a/${FILE}`,
    `+++ b/${FILE}`,
    `@@ -${from + 1},${old} +${from + 1},${old - before.length + after.length} @@`,
    ...lines.slice(from, at).map((line) => ` ${line}`),
    ...before.map((line) => `-${line}`),
    ...after.map((line) => `+${line}`),
    ...lines.slice(at + before.length, to).map((line) => ` ${line}`),
  ].join('\n')}\n`;
}

const TRY = ['\tif (t && !refcount_inc_not_zero(&t->refs))', '\t\tt = NULL;'];

/** Writes the files and returns their names. */
export function writeNewModel(dir: string): string[] {
  const files: Record<string, string> = {
    'model.c': MODEL_C,
    'model.yml': MODEL_YML,
    [`examples/tree/${FILE}`]: TREE,
    'examples/bad-get.patch': example(
      'thing: always get',
      `get-on-zero ${FILE}:LINE`,
      TRY,
      ['\tif (t)', '\t\trefcount_inc(&t->refs);'],
      1,
    ),
    'examples/bad-inverted.patch': example('thing: simplify', `tryget-misuse ${FILE}:LINE`, TRY, [
      '\tif (t && refcount_inc_not_zero(&t->refs))',
      '\t\tt = NULL;',
    ]),
    'examples/good-braces.patch': example('thing: braces', 'nothing', TRY, [
      '\tif (t && !refcount_inc_not_zero(&t->refs)) {',
      '\t\tt = NULL;',
      '\t}',
    ]),
    'examples/good-nested.patch': example('thing: two tests', 'nothing', TRY, [
      '\tif (t) {',
      '\t\tif (!refcount_inc_not_zero(&t->refs))',
      '\t\t\tt = NULL;',
      '\t}',
    ]),
  };
  return Object.entries(files).map(([name, text]) => {
    const file = join(dir, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  });
}
