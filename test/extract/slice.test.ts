/**
 * Slicing keeps verdicts: a routine and its slice end in the same ways and make the same mistakes at the same lines,
 * for every function of the checker's cases and for random functions; and it drops what cannot matter.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { slice } from '../../src/extract/index.ts';
import { exploreSequential, type Routine } from '../../src/sim/index.ts';
import { cases } from '../check/case.ts';
import { dump, lowerAll, lowered } from './support.ts';

/** What can be told from outside, as lines: ends, and mistakes with the line they are at. */
function verdict(routine: Routine): string[] {
  const { outcomes, incidents, exhausted } = exploreSequential(routine);
  assert.ok(exhausted, routine.name);
  const ends = outcomes.map((o) =>
    [
      o.returns.constant ?? `sign ${o.returns.mask}`,
      ...o.locks.map((l) => `${l.lock} ${l.state.entry}>${l.state.now}`).sort(),
      ...o.refs
        .filter((r) => r.state.delta !== 0 || r.state.memory)
        .map((r) => `${r.object} ${r.state.delta} ${r.state.memory} ${r.state.moved}`)
        .sort(),
      o.contexts.join(),
    ].join(' | '),
  );
  const mistakes = incidents.map((i) => `${i.hazard} ${i.object} at ${lineOf(routine, i.pc)}`);
  return [...new Set([...ends, ...mistakes])].sort();
}

function lineOf(routine: Routine, pc: number): number {
  const site = routine.code[pc]?.site;
  return site === undefined ? 0 : routine.sites[site]!.line;
}

for (const folder of ['correct', 'wrong', 'unfortunate'])
  test(`the functions of ${folder}/ and their slices come to the same`, () => {
    let functions = 0;
    let dropped = 0;
    for (const { name, after } of cases(folder))
      for (const { routine } of lowerAll(after).values()) {
        const sliced = slice(routine);
        assert.deepEqual(verdict(sliced), verdict(routine), `${name} ${routine.name}`);
        functions++;
        dropped += routine.code.length - sliced.code.length;
      }
    assert.ok(functions > (folder === 'unfortunate' ? 2 : 10));
    assert.ok(dropped > functions, 'something was dropped');
  });

const DECLARATIONS = `
struct box { struct mutex lock; spinlock_t slock; int n; int m; struct box *next; struct list_head list; };
`;

/** Statements of random functions; `@` is a label further down. */
const COMMON = [
  'mutex_lock(&b->lock);',
  'mutex_unlock(&b->lock);',
  'spin_lock(&b->slock);',
  'spin_unlock(&b->slock);',
  'n = b->n;',
  'n = n + 1;',
  'b->n = n;',
  'b->m = 0;',
  'm = n;',
  'use(n);',
  'use(b);',
  'fill(&m);',
  'q = p;',
  'if (n) goto @;',
  'if (b->n) goto @;',
  'if (!p) goto @;',
  'if (!q) goto @;',
  'if (m == 3) goto @;',
  'if (check(b)) goto @;',
  'if (n > 2) return 1;',
  'if (!mutex_trylock(&b->lock)) return -EAGAIN;',
  'rcu_read_lock();',
  'rcu_read_unlock();',
  'cond_resched();',
];
const LIFETIMES = [
  'p = kmalloc(8, GFP_ATOMIC);',
  'kfree(p);',
  'if (p) kfree(p);',
  'if (p) p->n = 3;',
  'if (q) n = q->n;',
  'b->next = p;',
  'list_add(&p->list, &b->list);',
  'keep(p);',
];
const MEMORY = [
  'use(q);',
  'b->next->n = n;',
  'q = b->next;',
  'b->next = p;',
  'q = READ_ONCE(b->next);',
  'q->n = 0;',
  'WRITE_ONCE(b->n, m);',
  'if (q->n) goto @;',
  'if (b->next->n) goto @;',
];

function bodies(statements: string[]): fc.Arbitrary<string[]> {
  const one = fc.record({ statement: fc.constantFrom(...statements), target: fc.nat(11) });
  return fc.array(one, { minLength: 2, maxLength: 12 }).map((list) =>
    list.map(({ statement, target }, i) => {
      const to = Math.max(i + 1, Math.min(target, list.length));
      return `L${i}: ${statement.replace('@', `L${to}`)}`;
    }),
  );
}

function functionOf(lines: string[]): string {
  const locals = 'struct box *p = lookup(1), *q = lookup(2);\nint n = 0, m = 0;';
  return `${DECLARATIONS}int f(struct box *b)\n{\n${locals}\n${lines.join('\n')}\nL${lines.length}: return 0;\n}\n`;
}

for (const [about, statements] of [
  ['locks and lifetimes', [...COMMON, ...LIFETIMES]],
  ['locks and memory', [...COMMON, ...MEMORY]],
] as const)
  test(`random functions and their slices come to the same: ${about}`, () => {
    fc.assert(
      fc.property(bodies([...statements]), (lines) => {
        const { routine } = lowered(functionOf(lines));
        assert.deepEqual(verdict(slice(routine)), verdict(routine), lines.join('\n'));
      }),
      { numRuns: 1000, seed: 3 },
    );
  });

// What an unknown function may have changed is found by the register that it was lent.
test('unfortunate: what a call may have done to an object that has no name of its own is sliced away', () => {
  const lines = ['b->next->n = 0;', 'refill(b->next);', 'if (b->next->n) return 1;', 'n = 0;'];
  const { routine } = lowered(functionOf(lines));
  assert.deepEqual(verdict(routine), ['0 | 0,0,0,0,0', '1 | 0,0,0,0,0']);
  assert.deepEqual(verdict(slice(routine)), ['0 | 0,0,0,0,0']);
});

test('what decides nothing is dropped, with the branches around it', () => {
  const { routine } = lowered(`${DECLARATIONS}
int f(struct box *b, int n)
{
	int i, sum = 0;

	for (i = 0; i < n; i++) {
		if (b->n > i)
			sum += b->m;
		else
			sum -= b->m;
	}
	b->m = sum;
	mutex_lock(&b->lock);
	b->n = sum;
	mutex_unlock(&b->lock);
	return 0;
}`);
  assert.deepEqual(
    dump(slice(routine)).filter((line) => !/^(L\d+:|goto )/.test(line)),
    ['sleep', 'lock b:box.lock mutex', 'unlock b:box.lock mutex', 'return 0'],
  );
});

test('what decides is kept, with what it is computed from', () => {
  const text = (condition: string): string => `${DECLARATIONS}
void f(struct box *b, int n)
{
	int x = n * 2;
	int y = n * 3;

	b->m = x;
	if (${condition})
		mutex_lock(&b->lock);
}`;
  const kept = (condition: string): string => dump(slice(lowered(text(condition)).routine)).join('\n');
  assert.match(kept('x'), /n mul 2/);
  assert.doesNotMatch(kept('x'), /n mul 3/);
  assert.doesNotMatch(kept('x'), /store/);
  assert.match(kept('b->m'), /store b:box\.m x/);
  assert.doesNotMatch(kept('b->n'), /store/);
});

test('slicing a slice changes nothing', () => {
  for (const { name, after } of cases('correct'))
    for (const { routine } of lowerAll(after).values()) {
      const once = slice(routine);
      assert.deepEqual(dump(slice(once)), dump(once), name);
    }
});
