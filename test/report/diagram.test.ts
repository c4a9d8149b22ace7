/** The two-column diagram: its columns, its rows, what is left out, and how narrow it stays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diagram, shorten } from '../../src/report/diagram.ts';
import { renderSchedule } from '../../src/report/index.ts';
import type { Schedule } from '../../src/sim/program.ts';
import { freedUnderReader, lockKept, step } from './sample.ts';

test('two threads and a deferred free', () => {
  assert.deepEqual(diagram(freedUnderReader()), [
    'CPU 0                           CPU 1',
    'task_policy_get()               do_set_mempolicy()',
    '------------------              ------------------',
    'rcu_read_lock()',
    'pol = p->mempolicy',
    '                                p->mempolicy = new',
    '                                mpol_kill(old)',
    'mpol_tryget(pol) = false',
    'rcu_read_unlock()',
    '                                <grace period>, freed',
    'mode = pol->mode                <-- use after free',
  ]);
});

test('one thread is not drawn, replay lists its steps', () => {
  assert.deepEqual(diagram(lockKept()), []);
  assert.equal(
    renderSchedule(lockKept()),
    'mm/task_policy.c:32: missing-unlock: returns with p->alloc_lock held\n\n  25  task_lock(p)\n  28  if (pol)\n  32  return mode\n',
  );
});

test('the second column moves right for long texts, up to 40, and then texts are shortened', () => {
  const long = freedUnderReader();
  long.steps[1]!.text = 'pol = rcu_dereference(p->mempolicy)';
  assert.equal(diagram(long)[0]!.indexOf('CPU 1'), 37);
  long.steps[1]!.text = 'pol = rcu_dereference_protected(p->mempolicy, lockdep_is_held(&p->alloc_lock))';
  assert.equal(diagram(long)[0]!.indexOf('CPU 1'), 40);
  assert.ok(diagram(long).some((line) => line.startsWith('pol = rcu_dereference_protected')));
});

test('a violation in the second column keeps its arrow', () => {
  const schedule = freedUnderReader();
  schedule.steps.splice(7, 1, step(1, 'do_set_mempolicy', 0, 'mpol_put(old)'));
  schedule.violation = { ...schedule.violation, thread: 1, site: { ...schedule.violation.site, line: 0 } };
  assert.equal(diagram(schedule).at(-1), `${' '.repeat(32)}mpol_put(old)  <-- use after free`);
});

test('a violation that is no step of its own gets a row', () => {
  const schedule = freedUnderReader();
  schedule.steps.pop();
  assert.equal(diagram(schedule).at(-1), 'mode = pol->mode                <-- use after free');
});

test('operations of one expression are one row', () => {
  const schedule = freedUnderReader();
  schedule.steps.splice(4, 0, step(0, 'task_policy_get', 15, 'mpol_tryget(pol)'));
  assert.deepEqual(diagram(schedule), diagram(freedUnderReader()));
});

test('at most twelve rows: tests and local work go first', () => {
  const schedule = freedUnderReader();
  const noise = Array.from({ length: 10 }, (_, i) => step(0, 'task_policy_get', 40 + i, `if (x${i})`));
  schedule.steps.splice(2, 0, ...noise);
  const rows = diagram(schedule).slice(3);
  assert.equal(rows.length, 9);
  assert.equal(rows[2], '...');
  assert.ok(rows.includes('mpol_tryget(pol) = false'));
  assert.equal(rows.at(-1), 'mode = pol->mode                <-- use after free');
});

test('an interrupt is called one', () => {
  const schedule = freedUnderReader();
  schedule.threads[1] = { name: 'timer', kind: 'irq', cpu: 0 };
  assert.match(diagram(schedule)[0]!, /^CPU 0 +CPU 0 <interrupt>$/);
});

test('three threads share the width', () => {
  const schedule = freedUnderReader();
  schedule.threads.push({ name: 'third', kind: 'task', cpu: 2 });
  schedule.steps.splice(3, 0, step(3, 'exit_mm', 0, 'mmput(mm)'));
  const lines = diagram(schedule);
  assert.match(lines[0]!, /^CPU 0 +CPU 1 +CPU 2$/);
  assert.ok(lines.every((line) => line.length <= 70));
});

const anySchedule = fc
  .array(
    fc.record({
      thread: fc.nat(2),
      text: fc.oneof(
        fc.constantFrom('rcu_read_lock()', 'if (x)', 'kfree(p)', 'p->next = q', 'put(p) = 1', ''),
        fc.string({ maxLength: 90 }),
      ),
      line: fc.nat(5),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map(
    (steps): Schedule => ({
      ...freedUnderReader(),
      steps: steps.map(({ thread, text, line }) => step(thread, `f${thread}`, line, text)),
    }),
  );

test('any schedule: at most twelve rows, at most 70 columns, the violation last, no control characters', () => {
  fc.assert(
    fc.property(anySchedule, (schedule) => {
      const lines = diagram(schedule);
      if (lines.length === 0) return;
      assert.ok(lines.length <= 3 + 12, String(lines.length));
      for (const line of lines) {
        assert.ok(line.length <= 70, line);
        assert.match(line, /^[^\p{Cc}]*$/u);
      }
      assert.match(lines.at(-1)!, /<-- use after free$/);
      assert.deepEqual(diagram(schedule), lines);
    }),
    { seed: 11, numRuns: 300 },
  );
});

test('shortening leaves out arguments before names', () => {
  assert.equal(shorten('foo(a, b)', 20), 'foo(a, b)');
  assert.equal(shorten('migrate_pages(&list, NULL, page)', 20), 'migrate_pages(...)');
  assert.equal(shorten('a_really_long_function_name(x)', 12), 'a_really_...');
});
