/** Contracts read from annotations, assertions and comments. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { only } from './support.ts';

function contracts(text: string): string[] {
  return only(text).contracts.map((c) => `${c.kind} ${c.lock}${c.mode && ` ${c.mode}`} @${c.line}`);
}

test('annotations in the head', () => {
  assert.deepEqual(
    contracts('void f(struct s *p)\n\t__must_hold(&p->lock) __releases(p->other)\n\t__acquires(RCU)\n{\n}\n'),
    ['must-hold &p->lock @2', 'releases p->other @2', 'acquires RCU @3'],
  );
});

test('assertions that every call runs', () => {
  assert.deepEqual(
    contracts(
      'void f(struct s *p)\n{\n\tint x = 1;\n\n\tlockdep_assert_held_read(&p->sem);\n\tmmap_assert_write_locked(p->mm);\n\tvma_assert_locked(p->vma);\n\tmight_sleep();\n\tif (x)\n\t\tlockdep_assert_held(&p->late);\n}\n',
    ),
    [
      'asserts-held &p->sem shared @5',
      'asserts-held mmap_lock(p->mm) exclusive @6',
      'asserts-held vma_lock(p->vma) @7',
      'may-sleep  @8',
    ],
  );
});

const documented = (comment: string): string[] => contracts(`/*\n * ${comment}\n */\nvoid f(void)\n{\n}\n`);

test('what the comment above says', () => {
  assert.deepEqual(documented('Must be called with p->lock held.'), ['must-hold p->lock @2']);
  assert.deepEqual(documented('This must be called with the mmap_lock held for writing.'), [
    'must-hold mmap_lock exclusive @2',
  ]);
  assert.deepEqual(documented('Caller must hold tasklist_lock for read.'), [
    'must-hold tasklist_lock shared @2',
  ]);
  assert.deepEqual(documented('The caller must hold rcu_read_lock().'), ['must-hold rcu_read_lock() @2']);
  assert.deepEqual(documented('Context: Process context. May sleep.'), ['may-sleep  @2']);
});

test('what only sounds like a contract is none', () => {
  assert.deepEqual(documented('Must not be called with p->lock held.'), []);
  assert.deepEqual(documented('Must be called with either a_lock or b_lock held.'), []);
  assert.deepEqual(documented('Takes p->lock, which is held until the end.'), []);
  assert.deepEqual(documented('Must be called with no page_lock held.'), []);
});

test('a comment further up is not the function’s', () => {
  assert.deepEqual(contracts('/* Must be called with p->lock held. */\n\n\nvoid f(void)\n{\n}\n'), []);
});
