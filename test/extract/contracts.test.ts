/** What functions state of themselves: held at entry, asserted for callers, documented to sleep. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exploreSequential } from '../../src/sim/index.ts';
import { lowered, ops } from './support.ts';

const BOX = `
struct mm_struct { struct rw_semaphore mmap_lock; };
struct vm_area_struct { struct mm_struct *vm_mm; };
struct box { spinlock_t lock; spinlock_t *ptl; struct box *next; struct vm_area_struct *vma; int n; };
static DEFINE_SPINLOCK(shelf_lock);
`;

const held = (text: string): string[] => ops(BOX + text).filter((line) => /assert-held|sleep/.test(line));

test('a lock that callers hold is held at entry, whichever way it is written', () => {
  for (const [lock, place] of [
    ['&b->lock', 'b:box.lock'],
    ['b->lock', 'b:box.lock'],
    ['b->next->lock', '%0:box.lock'],
    ['b->ptl', '[%0]'],
    ['ptl', '[ptl]'],
    ['&shelf_lock', '[@shelf_lock]'],
    ['shelf_lock', '[@shelf_lock]'],
  ])
    assert.deepEqual(
      held(`void f(struct box *b, spinlock_t *ptl) __must_hold(${lock})\n{\n\tb->n = 1;\n}`),
      [`assert-held ${place}`],
      lock,
    );
});

test('a lock that is released was held; one that is acquired was not', () => {
  assert.deepEqual(held('void f(struct box *b) __releases(&b->lock)\n{\n\tspin_unlock(&b->lock);\n}'), [
    'assert-held b:box.lock',
  ]);
  assert.deepEqual(held('void f(struct box *b) __acquires(&b->lock)\n{\n\tspin_lock(&b->lock);\n}'), []);
});

test('kernel-doc: a lock by its path, mmap_lock by what a parameter leads to, sleeping', () => {
  const doc = (text: string): string => `/**\n * f - f\n *\n * ${text}\n */\n`;
  assert.deepEqual(held(`${doc('Must be called with b->lock held.')}void f(struct box *b)\n{\n}`), [
    'assert-held b:box.lock',
  ]);
  for (const lock of ['mmap_lock', 'mm->mmap_lock'])
    assert.deepEqual(
      held(`${doc(`Must be called with ${lock} held for reading.`)}void f(struct vm_area_struct *v)\n{\n}`),
      ['assert-held %0:mm_struct.mmap_lock'],
    );
  assert.deepEqual(held(`${doc('Context: May sleep.')}void f(struct box *b)\n{\n}`), ['sleep']);
});

test('what cannot be named is left out', () => {
  for (const lock of ['siglock', 'x->lock', 'RCU', 'get(b)->lock', '!!'])
    assert.deepEqual(held(`void f(struct box *b) __must_hold(${lock})\n{\n\tb->n = 1;\n}`), [], lock);
});

test('the operation points at the line that states it', () => {
  const { routine } = lowered(`${BOX}void f(struct box *b)\n\t__must_hold(&b->lock)\n{\n\tb->n = 1;\n}`);
  const first = routine.code.find((i) => i.op === 'assert-held')!;
  const line = BOX.split('\n').length + 1;
  assert.deepEqual(
    { line: routine.sites[first.site!]!.line, text: routine.sites[first.site!]!.text },
    { line, text: '&b->lock is held by the caller' },
  );
});

test('a lock held at entry and taken again is taken twice', () => {
  const { routine } = lowered(
    `${BOX}void f(struct box *b) __must_hold(&b->lock)\n{\n\tspin_lock(&b->lock);\n\tspin_unlock(&b->lock);\n}`,
  );
  assert.deepEqual(
    exploreSequential(routine).incidents.map((i) => i.hazard),
    ['double-lock'],
  );
});

test('callers that do not look inside still see what is asserted', () => {
  const big = Array.from({ length: 20 }, (_, i) => `\tb->n += ${i};\n`).join('');
  const text = `${BOX}static void inner(struct box *b)\n{\n\tlockdep_assert_held(&b->lock);\n${big}\tb->n = unheard(b);\n}
void f(struct box *b)
{
	spin_lock(&b->lock);
	spin_unlock(&b->lock);
	inner(b);
}`;
  const { routine } = lowered(text, ['f']);
  assert.deepEqual(
    exploreSequential(routine).incidents.map((i) => i.hazard),
    ['missing-lock'],
  );
});
