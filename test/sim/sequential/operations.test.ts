/**
 * What each operation does to a path of the sequential explorer: how the routine may end after it (`ends`), and what
 * is wrong on the way (`incidents`, with the line). Every mistake stands beside a twin without it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { see } from './support.ts';

type Row = [name: string, body: string, ends: string[], incidents?: string[]];

function table(title: string, rows: Row[]): void {
  test(title, () => {
    for (const [name, body, ends, incidents = []] of rows) {
      const seen = see(body.trim());
      assert.deepEqual(seen.ends, ends, name);
      assert.deepEqual(seen.incidents, incidents, name);
      assert.ok(seen.result.exhausted, name);
    }
  });
}

table('locks', [
  ['taken and given back', 'lock l\nunlock l\nreturn 0', ['0']],
  ['taken', 'lock l mutex\nreturn 0', ['0, l.v free>exclusive']],
  ['taken for reading', 'lock l rwsem shared\nreturn 0', ['0, l.v free>shared']],
  ['given back for the caller', 'unlock l mutex\nreturn 0', ['0, l.v exclusive>free']],
  ['dropped and taken again', 'unlock l mutex\nlock l mutex\nreturn 0', ['0']],
  ['two locks', 'lock l mutex\nlock m mutex\nunlock l mutex\nunlock m mutex\nreturn 0', ['0']],
  [
    'one lock of two objects',
    'lock p.lock mutex\nlock n.lock mutex\nunlock p.lock mutex\nreturn 0',
    ['0, n->lock free>exclusive'],
  ],
  ['by pointer and by name', 'q = address p.lock\nlock q mutex\nunlock p.lock mutex\nreturn 0', ['0']],
  ['twice', 'lock l mutex\nlock l mutex\nreturn 0', [], ['double-lock l.v @2']],
  [
    'read inside read',
    'lock l rwsem shared\nlock l rwsem shared\nunlock l rwsem shared\nunlock l rwsem shared\nreturn 0',
    ['0'],
  ],
  ['write inside read', 'lock l rwsem shared\nlock l rwsem\nreturn 0', [], ['double-lock l.v @2']],
  ['given back twice', 'lock l\nunlock l\nunlock l\nreturn 0', [], ['double-unlock l.v @3']],
  ['downgraded', 'lock l rwsem\ndowngrade l rwsem\nunlock l rwsem shared\nreturn 0', ['0']],
  ['downgraded and kept', 'lock l rwsem\ndowngrade l rwsem\nreturn 0', ['0, l.v free>shared']],
  ['asserted', 'assert-held l\nunlock l mutex\nlock l mutex\nreturn 0', ['0']],
  [
    'asserted while free',
    'lock l mutex\nunlock l mutex\nassert-held l\nreturn 0',
    ['0'],
    ['missing-lock l.v @3'],
  ],
]);

table('attempts', [
  ['trylock', 'ok = trylock l mutex\nreturn ok', ['0', '1, l.v free>exclusive']],
  [
    'trylock of what this path holds fails',
    'lock l mutex\nok = trylock l mutex\nreturn ok',
    ['0, l.v free>exclusive'],
  ],
  [
    'read trylock inside read',
    'lock l rwsem shared\nok = trylock l rwsem shared\nreturn ok',
    ['0, l.v free>shared', '1, l.v free>shared'],
  ],
  ['tryget', 'ok = ref.tryget p.ref\nreturn ok', ['0', '1, p +1']],
  ['tryget and put', 'ok = ref.tryget p.ref\nif ok goto got\nreturn 0\ngot:\nref.put p.ref\nreturn 0', ['0']],
  ['percpu tryget', 'ok = percpu.tryget p.pref\nreturn ok', ['0', '1, p +1']],
  [
    'allocation that may fail',
    'q = alloc object mayfail\nif q goto ok\nreturn -12\nok:\nreturn 0',
    ['-12', '0, q memory'],
  ],
  ['allocation that may not', 'q = alloc object\nif q goto ok\nreturn -12\nok:\nfree q\nreturn 0', ['0']],
]);

table('references', [
  ['taken on a parameter', 'ref.get p.ref\nreturn 0', ['0, p +1']],
  ['put of a parameter', 'ref.put p.ref\nreturn 0', ['0, p -1']],
  ['taken and put', 'ref.get p.ref\nref.put p.ref\nx = load p.v\nreturn 0', ['0'], ['?use-after-put p @3']],
  ['owned and lost', 'q = unknown nonnull\nown q\nreturn 0', ['0, q +1']],
  ['owned and returned', 'q = unknown nonnull\nown q\nreturn q', ['positive q, q +1 moved']],
  ['owned and stored', 'q = unknown nonnull\nown q\nstore p.next q\nreturn 0', ['0, q +1 moved']],
  ['owned and put', 'q = unknown nonnull\nown q\ndisown q\nreturn 0', ['0']],
  [
    'owned twice, put once, used',
    'q = unknown nonnull\nown q\nref.get q.ref\nref.put q.ref\nx = load q.v\ndisown q\nreturn 0',
    ['0'],
  ],
  [
    'used after the only put',
    'q = unknown nonnull\nown q\ndisown q\nx = load q.v\nreturn 0',
    [],
    ['use-after-put q @4'],
  ],
  [
    'put twice',
    'q = unknown nonnull\nown q\ndisown q\ndisown q\nz = q\nreturn 0',
    ['0'],
    ['double-put q @4'],
  ],
  [
    'a parameter is kept by its owner',
    'ref.put p.ref\nx = load p.v\nreturn 0',
    ['0, p -1'],
    ['?use-after-put p @2'],
  ],
  [
    'under RCU it may be looked at',
    'rcu.enter\nq = unknown nonnull\nown q\ndisown q\nx = load q.v\nrcu.exit\nreturn 0',
    ['0'],
  ],
  ['initialised memory becomes a reference', 'q = alloc object\nref.init q.ref 1\nreturn 0', ['0, q +1']],
  ['which put gives back', 'q = alloc object\nref.init q.ref 1\nref.put q.ref\nreturn 0', ['0']],
  [
    'percpu.init may fail',
    'q = alloc object\ne = percpu.init q.pref none\nif e goto bad\nreturn q\nbad:\nfree q\nreturn e',
    ['negative e', 'positive q, q +1 moved'],
  ],
  ['put of NULL is nothing', 'q = 0\ndisown q\nreturn 0', ['0']],
]);

table('memory', [
  ['freed', 'q = alloc object\nfree q\nreturn 0', ['0']],
  ['lost', 'q = alloc object\nreturn 0', ['0, q memory']],
  ['returned', 'q = alloc object\nreturn q', ['positive q, q moved']],
  ['stored', 'q = alloc object\nstore p.next q\nreturn 0', ['0']],
  ['exchanged into a global', 'q = alloc object\nold = xchg g q\nreturn 0', ['0']],
  ['escaped', 'q = alloc object\nescape q\nreturn 0', ['0']],
  ['freed after a grace period', 'q = alloc object\nrcu.call free q head q.cb\nreturn 0', ['0']],
  ['free of NULL is nothing', 'q = 0\nfree q\nreturn 0', ['0']],
  ['read after free', 'free p\nx = load p.v\nreturn 0', [], ['use-after-free p @2']],
  ['written after free', 'free p\nstore p.v 1\nreturn 0', [], ['use-after-free p @2']],
  ['locked after free', 'free p\nlock p.lock\nreturn 0', [], ['use-after-free p @2']],
  ['counted after free', 'free p\nref.get p.ref\nreturn 0', [], ['use-after-free p @2']],
  [
    'what it pointed to is another object',
    'q = load p.next\nfree p\nx = load q.v\nz = p\nreturn 0',
    ['0, p freed'],
  ],
  ['a part of it is not', 'q = address p.lock\nfree p\nlock q\nreturn 0', [], ['use-after-free p @3']],
  ['freed twice', 'free p\nfree p\nreturn 0', [], ['double-free p @2']],
  ['two objects', 'free p\nfree n\nz = p\nreturn 0', ['0, n freed, p freed']],
]);

table('contexts', [
  ['interrupts', 'context irq off\nreturn 0', ['0, irq +1']],
  ['and back', 'context irq off\ncontext irq on\nreturn 0', ['0']],
  ['spinlock without interrupts', 'lock l irqsave\nreturn 0', ['0, irq +1, l.v free>exclusive, preempt +1']],
  ['RCU', 'rcu.enter\nreturn 0', ['0, rcu +1']],
  ['SRCU is counted apart', 'rcu.enter srcu\nsleep\nrcu.exit srcu\nreturn 0', ['0']],
  ['RCU nests', 'rcu.enter\nrcu.enter\nrcu.exit\nrcu.exit\nsleep\nreturn 0', ['0']],
]);

test('sleeping is wrong where it is not allowed, and nowhere else', () => {
  for (const [enter, leave, allowed] of [
    ['lock l', 'unlock l', false],
    ['lock l raw-spin', 'unlock l raw-spin', false],
    ['lock l rwlock shared', 'unlock l rwlock shared', false],
    ['lock l bit', 'unlock l bit', false],
    ['lock l mutex', 'unlock l mutex', true],
    ['lock l rwsem', 'unlock l rwsem', true],
    ['context irq off', 'context irq on', false],
    ['context bh off', 'context bh on', false],
    ['context preempt off', 'context preempt on', false],
    ['rcu.enter', 'rcu.exit', false],
  ] as const) {
    for (const sleeps of ['sleep', 'rcu.synchronize', 'rcu.barrier']) {
      const inside = see(`${enter}\n${sleeps}\n${leave}\nreturn 0`);
      assert.deepEqual(
        inside.incidents.map((i) => i.replace(/ \S+ @/, ' @')),
        allowed ? [] : ['sleep-in-atomic @2'],
        `${sleeps} after ${enter}`,
      );
      assert.deepEqual(
        see(`${enter}\n${leave}\n${sleeps}\nreturn 0`).incidents,
        [],
        `${sleeps} after ${leave}`,
      );
    }
  }
});

test('an assertion of the program is an incident of its class', () => {
  assert.deepEqual(see('x = 0\nassert x missing-rcu gone\nreturn 0').incidents.length, 1);
  assert.deepEqual(see('x = 1\nassert x missing-rcu gone\nreturn 0').incidents, []);
  assert.deepEqual(see('if n goto yes\nreturn 0\nyes:\nassert n missing-rcu gone\nreturn 1').incidents, []);
});

test('an incident says what made it wrong', () => {
  for (const [body, because] of [
    ['free p\nx = load p.v\nreturn 0', 1],
    ['x = 1\nlock l\nlock l\nreturn 0', 2],
    ['lock l\nunlock l\nunlock l\nreturn 0', 2],
    ['lock l\nsleep\nunlock l\nreturn 0', 1],
  ] as const) {
    const { result, routine } = see(body);
    const [incident] = result.incidents;
    const site = routine.code[incident!.because]!.site!;
    assert.equal(routine.sites[site]!.text, body.split('\n')[because - 1]);
    assert.equal(incident!.path.at(-1)!.pc, incident!.pc, 'the path ends there');
  }
});
