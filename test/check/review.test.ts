/**
 * Reviews as a whole: identities that survive other names, other lines and other functions around; what a patch
 * introduces against what was there; the same JSON twice; tokens that replay or say why not; text quoted by an
 * archive; models whose roles are recognised by types and fields, not by names.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programOf, type Reviewed, replayToken, reviewSeries } from '../../src/check/index.ts';
import { readSeries } from '../../src/patch/index.ts';
import { openSource } from '../../src/source/index.ts';
import { cases, found, patchText, RULES, review, reviewText } from './case.ts';

const BOX = `struct box {
	struct mutex lock;
	int open;
	int size;
};
`;

/** `size` and `grow` are the ways out of two functions. */
function boxes(size: string, grow = 'goto unlock;'): string {
  return `${BOX}
int box_size(struct box *b)
{
	int size;

	mutex_lock(&b->lock);
	if (!b->open)
		${size}
	size = b->size;
	if (size < 0)
		goto inval;
	mutex_unlock(&b->lock);
	return size;
inval:
	mutex_unlock(&b->lock);
	return -EINVAL;
}

int box_grow(struct box *b, int by)
{
	int err = -EINVAL;

	mutex_lock(&b->lock);
	if (!b->open)
		${grow}
	b->size += by;
	err = 0;
unlock:
	mutex_unlock(&b->lock);
	return err;
}
`;
}

const RIGHT = boxes('goto inval;');
const WRONG = boxes('return -EINVAL;');

function ids({ review: { findings } }: Reviewed): string[] {
  return findings.map((f) => f.id);
}

test('ids do not depend on lines, on other functions, or on how much of the patch is about them', async () => {
  const plain = await review(RIGHT, WRONG);
  assert.deepEqual(
    plain.review.findings.map((f) => `${f.class} ${f.function}`),
    ['missing-unlock box_size'],
  );
  const before = '/* Boxes. */\n#include <linux/mutex.h>\n\nint unrelated(int x)\n{\n\treturn x + 1;\n}\n\n';
  for (const [name, pre, post] of [
    ['further down', before + RIGHT, before + WRONG],
    ['moved down by the patch', RIGHT, before + WRONG],
    ['with a comment inside', RIGHT, WRONG.replace('\tmutex_lock', '\t/* Wait. */\n\tmutex_lock')],
    ['with another function changed', RIGHT, WRONG.replace('b->size += by;', 'b->size = by;')],
    ['with other white space', RIGHT, WRONG.replaceAll('\t', '        ')],
  ] as const) {
    const other = await review(pre, post);
    assert.deepEqual(ids(other), ids(plain), name);
  }
  const moved = await review(before + RIGHT, before + WRONG);
  assert.equal(moved.review.findings[0]!.line, plain.review.findings[0]!.line + 8);
  const elsewhere = await review(RIGHT, WRONG, 'mm/other.c');
  assert.notDeepEqual(ids(elsewhere), ids(plain), 'another file is another finding');
});

test('ids tell findings apart', async () => {
  const both = await review(RIGHT, boxes('return -EINVAL;', 'return err;'));
  assert.deepEqual(
    both.review.findings.map((f) => f.function),
    ['box_size', 'box_grow'],
  );
  assert.equal(new Set(ids(both)).size, 2);
  for (const id of ids(both)) assert.match(id, /^[0-9a-f]{12}$/);
});

test('ids of the cases: as many as findings in a file, and the same when everything stands lower', async () => {
  for (const one of cases('wrong')) {
    const plain = await review(null, one.after);
    const lower = await review(null, `/* Above. */\n\n\n${one.after}`);
    assert.deepEqual(ids(lower), ids(plain), one.name);
    assert.equal(new Set(ids(plain)).size, ids(plain).length, one.name);
    assert.deepEqual(
      found(lower),
      found(plain).map((f) => ({ ...f, line: f.line + 3 })),
      one.name,
    );
  }
});

test('what was there before is not reported; what goes away is fixed', async () => {
  const kept = await review(WRONG, WRONG.replace('size = b->size;', 'size = b->size + 1;'));
  assert.deepEqual(found(kept), []);
  assert.deepEqual(kept.review.fixed, []);

  const fixed = await review(WRONG, RIGHT);
  assert.deepEqual(found(fixed), []);
  assert.deepEqual(
    fixed.review.fixed.map((f) => `${f.class} ${f.function}`),
    ['missing-unlock box_size'],
  );

  const swapped = await review(WRONG, boxes('goto inval;', 'return err;'));
  assert.deepEqual(
    swapped.review.findings.map((f) => `${f.class} ${f.function}`),
    ['missing-unlock box_grow'],
  );
  assert.deepEqual(
    swapped.review.fixed.map((f) => `${f.class} ${f.function}`),
    ['missing-unlock box_size'],
  );
});

test('what was there is not reported under other names', async () => {
  const renamed = WRONG.replaceAll(/\bb\b/g, 'crate')
    .replaceAll(/\bsize;/g, 'length;')
    .replaceAll('int size', 'int length');
  assert.notEqual(renamed, WRONG);
  const { review: result } = await review(WRONG, renamed);
  assert.deepEqual(result.findings, []);
  assert.deepEqual(result.fixed, []);
});

// Of the ways in which one lock is kept, a function shows one; the next is seen when that is gone.
test('unfortunate: a second mistake with the same lock of the same function is not told from the first', async () => {
  const two = WRONG.replace('size = b->size;', 'size = b->size;\n\tif (size > 9)\n\t\treturn -EINVAL;');
  assert.notEqual(two, WRONG);
  assert.deepEqual(found(await review(WRONG, two)), []);
});

test('the same input gives the same JSON', async () => {
  const patch = patchText(null, boxes('return -EINVAL;', 'return err;'));
  const once = JSON.stringify((await reviewText(patch)).review);
  assert.equal(JSON.stringify((await reviewText(patch)).review), once);
  assert.equal(JSON.parse(once).findings.length, 2);
});

test('hunks alone: a function that is in them from end to end is reviewed as with the file', async () => {
  const shut = (way: string): string =>
    `${BOX}\nvoid box_shut(struct box *b)\n{\n\tmutex_lock(&b->lock);\n\t${way}\n\tmutex_unlock(&b->lock);\n}\n`;
  const [right, wrong] = [shut('b->open = 0;'), shut('if (b->size) return;')];
  const whole = await review(right, wrong);
  const seen = await reviewText(patchText(right, wrong));
  assert.deepEqual(found(seen), [{ line: 10, class: 'missing-unlock' }]);
  assert.deepEqual(found(whole), found(seen));
  assert.deepEqual(ids(whole), ids(seen));
});

test('a series is reviewed patch by patch', async () => {
  const part = (number: number, path: string, text: string): string =>
    `From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\nDate: Tue, 3 Mar 2026 10:15:00 +0100\nMessage-Id: <${number}@example.org>\nSubject: [PATCH ${number}/2] mm: part ${number}\n\nText.\n\n---\n${patchText(null, text, path)}-- \n2.39\n\n`;
  const [leak, free] = [
    cases('wrong').find((c) => c.name.includes('/leak/early'))!,
    cases('wrong').find((c) => c.name.includes('use-after-free/read'))!,
  ];
  const series = await readSeries(
    part(1, 'mm/one.c', leak.after) + part(2, 'mm/two.c', free.after),
    'two.mbox',
  );
  const { review: result } = reviewSeries(series, openSource({ series }), RULES, 'test');
  assert.equal(result.series.patches, 2);
  assert.deepEqual(
    result.findings.map((f) => [f.patch, f.file, f.class, f.line]),
    [
      [1, 'mm/one.c', 'leak', leak.wants[0]!.line],
      [2, 'mm/two.c', 'use-after-free', free.wants[0]!.line],
    ],
  );
});

test('a token that does not fit says why', async () => {
  const one = await review(RIGHT, WRONG);
  const other = await review(null, cases('wrong').find((c) => c.name.includes('use-after-free/read'))!.after);
  const { replay } = one.review.findings[0]!;
  const stored = one.programs.get(programOf(replay)!)!;
  const stranger = other.programs.get(programOf(other.review.findings[0]!.replay)!)!;
  assert.throws(() => replayToken(replay, stranger), {
    message: 'the function has changed since the token was made',
  });
  const lost = replay.replace(/\.([0-9a-f]{12})\.([\w-]*)$/, '.000000000000.$2');
  assert.notEqual(lost, replay);
  assert.throws(() => replayToken(lost, stored), { message: 'the function has no such path' });
  assert.equal(programOf('nonsense'), null);
  assert.throws(
    () => replayToken('nonsense', stored),
    (e: Error) => !e.message.includes('\n'),
  );
});

/** A reader that plays the role of the models: `test` decides between its two results. */
function reader(test: string, name = 'policy_of', task = 'p', pol = 'pol'): string {
  return `struct mempolicy {
	struct percpu_ref refcnt;
	unsigned short mode;
	struct rcu_head rcu;
};

static inline bool mpol_tryget(struct mempolicy *pol)
{
	return percpu_ref_tryget(&pol->refcnt);
}

static struct mempolicy *${name}(struct task_struct *${task})
{
	struct mempolicy *${pol};

	rcu_read_lock();
	${pol} = rcu_dereference(${task}->mempolicy);
	if (${test})
		${pol} = NULL;
	rcu_read_unlock();

	return ${pol};
}
`;
}

test('an inverted tryget is one finding with both consequences, whatever things are called', async () => {
  for (const [name, task, pol] of [
    ['policy_of', 'p', 'pol'],
    ['frobnicate', 'victim', 'x'],
    ['get_policy', 't', 'policy'],
  ] as const) {
    const { review: result, programs } = await review(
      null,
      reader(`!${pol} || mpol_tryget(${pol})`, name, task, pol),
    );
    assert.equal(result.findings.length, 1, name);
    const [finding] = result.findings;
    assert.equal(finding!.class, 'tryget-misuse');
    assert.equal(finding!.function, name);
    assert.equal(finding!.line, 18);
    assert.equal(finding!.hazard, 'mempolicy/percpu-ref');
    const all = [{ schedule: finding!.schedule, replay: finding!.replay }, ...finding!.consequences];
    assert.deepEqual(all.map((c) => c.schedule.violation.hazard).sort(), ['ref-leak', 'use-after-free']);
    for (const { schedule, replay } of all) {
      assert.equal(schedule.threads[0]!.name, name);
      if (schedule.violation.hazard === 'use-after-free') assert.ok(schedule.threads.length >= 2);
      assert.deepEqual(replayToken(replay, programs.get(programOf(replay)!)!), schedule);
    }
    const right = await review(null, reader(`!${pol} || !mpol_tryget(${pol})`, name, task, pol));
    assert.deepEqual(found(right), [], `${name}, repaired`);
  }
});

test('a function of other types or fields plays no role', async () => {
  const inverted = reader('!pol || mpol_tryget(pol)');
  for (const [from, to] of [
    [/struct task_struct/g, 'struct worker'],
    [/->mempolicy/g, '->shadow'],
    [/(\w+)\(struct task_struct \*p\)/, '$1(struct task_struct *p, int node)'],
  ] as const) {
    const text = inverted.replace(from, to);
    assert.notEqual(text, inverted);
    const { review: result } = await review(null, text);
    assert.ok(!result.findings.some((f) => f.hazard.startsWith('mempolicy/')), String(from));
  }
});

test('a mail as an archive shows it, quoted and without indentation', async () => {
  const diff = patchText(null, reader('!pol || mpol_tryget(pol)'), 'mm/policy.c');
  const quoted = diff
    .trimEnd()
    .split('\n')
    .map((line) => `> ${line.replace(/^([-+ ]?)\t+/, '$1 ')}`.replace(/^> ( +)/, '> '))
    .join('\n');
  const mail = `On Mon 05-12-22 19:59:07, Robin Example wrote:\n> Count policies by a percpu_ref.\n>\n${quoted}\n--\nSam Reviewer\n`;
  const { review: result } = await reviewText(mail);
  assert.deepEqual(
    result.findings.map((f) => `${f.class} ${f.file}:${f.line} ${f.function}`),
    ['tryget-misuse mm/policy.c:18 policy_of'],
  );
  assert.equal(result.findings[0]!.consequences.length, 1);
});

test('what cannot be looked at is said, never thrown', async () => {
  const cut = WRONG.slice(0, WRONG.indexOf('if (!b->open)') + 20);
  for (const text of [
    cut,
    `${cut}\n}}}}`,
    'int f(struct box *b) {',
    '#if\n#if\n#endif\n',
    'struct {',
    '\0',
  ]) {
    const { review: result } = await review(RIGHT, text);
    assert.ok(Array.isArray(result.findings));
  }
});
