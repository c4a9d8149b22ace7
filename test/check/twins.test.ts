/**
 * Every correct case has broken twins: a patch that removes one of its unlocks, puts or frees is found. What is not
 * found today is listed, each group with its reason, so that a twin that is lost or won shows.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cases, review } from './case.ts';

const GIVES_BACK =
  /^\t+((\w*(unlock|put|free|free_rcu|irqrestore|leave|enable|exit|list_add_tail)\w*)\(.*\);|up_(read|write)\(.*)$/;

/** `case:line` of statements whose loss is not seen. */
const UNSEEN = [
  // What others gave is given back on no way any more, or on fewer than before; only what a path took itself is followed.
  'correct/drain-loop.c:19',
  'correct/free-after-grace-period.c:22',
  'correct/free-in-safe-loop.c:17',
  'correct/last-put-frees.c:10',
  'correct/last-put-frees.c:11',
  'correct/own-reference-is-not-the-last.c:12',
  'correct/swap-and-put.c:28',
  'correct/unlock-for-caller.c:12',
  'correct/unlock-for-caller.c:16',
  // What was learned before the lock was dropped is believed after it is taken again.
  'correct/create-once.c:21',
  'correct/unlock-relock.c:17',
  // The mistake shows in callers, which the patch does not touch.
  'correct/wrappers.c:14',
];

/** Not tried: the search for states that a lock in every round makes does not end. */
const ENDLESS = 'correct/array-of-locks.c:14';

test('the loss of an unlock, a put or a free is found', async () => {
  const unseen: string[] = [];
  let twins = 0;
  for (const { name, after } of cases('correct')) {
    const lines = after.split('\n');
    for (const [i, line] of lines.entries()) {
      if (!GIVES_BACK.test(line) || `${name}:${i + 1}` === ENDLESS) continue;
      const broken = lines.with(i, line.startsWith('\t\t') ? ';' : '').join('\n');
      const { findings } = (await review(after, broken)).review;
      twins++;
      if (findings.length === 0) unseen.push(`${name}:${i + 1}`);
    }
  }
  unseen.sort();
  assert.ok(twins > 70, `${twins} twins`);
  assert.deepEqual(unseen, [...UNSEEN].sort());
});
