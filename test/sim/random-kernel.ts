/**
 * Random bodies of threads around one kernel primitive each: percpu references, task work, work items and timers, SRCU and barriers, rwsems that
 * change their mode, objects that threads allocate and free, handlers on the CPU of a thread.
 *
 * A family is what one program is about; its operations are mixed with loads, stores and additions. Mostly paired, sometimes not.
 */
import type { CellType, Op, Routine } from '../../src/sim/program.ts';

type Random = (n: number) => number;

export const FAMILIES = ['percpu', 'task', 'work', 'srcu', 'rwsem', 'alloc', 'irq'] as const;
export type Family = (typeof FAMILIES)[number];

export const at = (name: string, cell: string) => ({
  base: `@${name}`,
  type: name === 'o' ? 'object' : name === 'h' ? 'holder' : 'globals',
  cell,
});
export const via = (cell: string) => ({ base: 'p', type: 'object', cell });

/** Further cells of the globals, and of an object that only these bodies use. */
export const GLOBALS: CellType[] = [
  { name: 'w', kind: 'work' },
  { name: 't', kind: 'timer' },
];
export const OBJECT: CellType[] = [
  { name: 'percpu', kind: 'percpu-ref' },
  { name: 'v', kind: 'int' },
];

/** What runs later, or in a handler: short, and now and then wrong. */
export function later(random: Random): Routine[] {
  const add: Op = { op: 'rmw', at: at('g', 'x'), fn: 'add', value: 1 };
  const jobs: Op[][] = [
    [add],
    [{ op: 'store', to: at('g', 'y'), value: 1 }],
    [{ op: 'lock', at: at('g', 'l'), kind: 'spin', mode: 'exclusive' }, add, unlock('l', 'spin')],
    [{ op: 'load', dst: 'a', from: at('g', 'y') }],
    [{ op: 'sleep' }],
  ];
  const release: Op[][] = [
    [add],
    [{ op: 'free', object: '@h' }],
    [{ op: 'rcu.call', routine: '', arg: '@h' }],
  ];
  const routine = (name: string, code: Op[]): Routine => ({ name, params: ['n'], code, sites: [] });
  return [routine('job', jobs[random(9) % 5]!), routine('released', release[random(3)]!)];
}

function unlock(cell: string, kind: 'spin' | 'rwsem', mode: 'exclusive' | 'shared' = 'exclusive'): Op {
  return { op: 'unlock', at: at('g', cell), kind, mode };
}

/** At least `length` operations of a family, those that are still open closed at the end. */
export function* familyBody(random: Random, length: number, family: Family): Generator<Op> {
  const open: Op[] = [];
  let labels = 0;
  let made = 0;
  while (made + open.length < length) {
    made++;
    if (random(4) === 0) yield plain(random);
    else if (open.length > 0 && random(3) === 0) yield open.pop()!;
    else yield* ONE[family](random, open, () => `k${labels++}`);
  }
  while (open.length > 0) yield open.pop()!;
}

function plain(random: Random): Op {
  const cell = at('g', random(2) === 0 ? 'x' : 'y');
  const all: Op[] = [
    { op: 'load', dst: 'a', from: cell },
    { op: 'store', to: cell, value: random(2) },
    { op: 'rmw', at: cell, fn: 'add', value: 1 },
  ];
  return all[random(3)]!;
}

/** Skips what follows, up to the label, when the register is zero; now and then forgets to. */
function* unlessZero(random: Random, register: string, name: string, then: Op[]): Generator<Op> {
  yield { op: 'calc', dst: 'f', fn: 'eq', a: register, b: 0 };
  if (random(8) > 0) yield { op: 'branch', cond: 'f', to: name };
  yield* then;
  yield { op: 'label', name };
}

type One = (random: Random, open: Op[], label: () => string) => Generator<Op>;

const ONE: Record<Family, One> = {
  *percpu(random, open, label) {
    const ref = at('h', 'percpu');
    const kind = random(12);
    if (kind < 3) {
      yield { op: 'percpu.get', at: ref };
      if (random(8) > 0) open.push({ op: 'percpu.put', at: ref });
    } else if (kind < 6) {
      yield { op: 'percpu.tryget', dst: 'a', at: ref, live: random(2) === 0 };
      yield* unlessZero(random, 'a', label(), [{ op: 'percpu.put', at: ref }]);
    } else if (kind < 9) yield { op: 'percpu.kill', at: ref };
    else if (kind === 9) {
      yield { op: 'rcu.enter' };
      open.push({ op: 'rcu.exit' });
    } else if (kind === 10) yield { op: 'percpu.put', at: ref };
    else if (random(2) === 0) yield { op: 'percpu.reinit', at: ref };
    else yield { op: 'percpu.exit', at: ref };
  },
  *task(random) {
    const kind = random(6);
    if (kind < 2) yield { op: 'task-work.add', dst: 'a', task: '@h', routine: 'job', arg: 0 };
    else if (kind === 2) yield { op: 'task-work.add', task: '@h', routine: '', arg: '@o' };
    else if (kind < 5) yield { op: 'task-work.run', task: '@h', exiting: random(2) === 0 };
    else yield { op: 'access', at: at('o', 'v'), write: false };
  },
  *work(random, open) {
    const kind = random(8);
    const item = random(2) === 0 ? 'w' : 't';
    if (kind < 3) {
      if (item === 'w') yield { op: 'work.queue', dst: 'a', at: at('g', 'w'), routine: 'job', arg: 0 };
      else yield { op: 'timer.start', at: at('g', 't'), routine: 'job', arg: 0 };
    } else if (kind < 6) {
      if (item === 'w') yield { op: 'work.flush', at: at('g', 'w'), cancel: random(2) === 0 };
      else yield { op: 'timer.stop', at: at('g', 't'), sync: random(2) === 0 };
    } else {
      yield { op: 'lock', at: at('g', 'l'), kind: 'spin', mode: 'exclusive' };
      open.push(unlock('l', 'spin'));
    }
  },
  *srcu(random, open) {
    const kind = random(8);
    const domain = random(3) === 0 ? '' : 's';
    if (kind < 3) {
      yield { op: 'rcu.enter', domain };
      if (random(12) > 0) open.push({ op: 'rcu.exit', domain });
    } else if (kind === 3) yield { op: 'rcu.synchronize', domain };
    else if (kind === 4) yield { op: 'rcu.call', routine: 'job', arg: 0, domain };
    else if (kind === 5) yield { op: 'rcu.call', routine: '', arg: '@o', head: at('o', 'head'), domain };
    else if (kind === 6) yield { op: 'rcu.barrier', domain };
    else yield { op: 'access', at: at('o', 'v'), write: false };
  },
  *rwsem(random, open, label) {
    const [place, kind] = [at('g', 'm'), 'rwsem'] as const;
    const shared = unlock('m', kind, 'shared');
    const which = random(6);
    if (which < 2) {
      yield { op: 'lock', at: place, kind, mode: 'exclusive' };
      yield plain(random);
      if (random(2) === 0) {
        yield { op: 'downgrade', at: place, kind };
        open.push(shared);
      } else open.push(unlock('m', kind));
    } else if (which < 4) {
      yield { op: 'lock', at: place, kind, mode: 'shared' };
      yield { op: 'upgrade', dst: 'a', at: place, kind };
      const [no, end] = [label(), label()];
      yield { op: 'calc', dst: 'f', fn: 'eq', a: 'a', b: 0 };
      yield { op: 'branch', cond: 'f', to: no };
      yield plain(random);
      yield unlock('m', kind);
      yield { op: 'jump', to: end };
      yield { op: 'label', name: no };
      yield shared;
      yield { op: 'label', name: end };
    } else if (which === 4) {
      const mode = random(2) === 0 ? 'shared' : 'exclusive';
      yield { op: 'trylock', dst: 'a', at: place, kind, mode };
      yield* unlessZero(random, 'a', label(), [unlock('m', kind, mode)]);
    } else yield { op: random(2) === 0 ? 'downgrade' : 'upgrade', dst: 'a', at: place, kind };
  },
  *alloc(random, _, label) {
    const kind = random(8);
    if (kind < 3) {
      const mayFail = random(3) === 0;
      yield { op: 'alloc', dst: 'p', type: 'object', mayFail };
      const rest: Op[] = [{ op: 'store', to: at('g', 'p'), value: 'p' }];
      if (random(2) === 0) {
        rest.unshift({ op: 'ref.init', at: via('ref'), value: 1, flavour: 'refcount' });
        if (random(2) === 0) rest.push({ op: 'ref.put', dst: 'a', at: via('ref'), flavour: 'refcount' });
      }
      if (random(6) === 0) rest.pop();
      if (mayFail) yield* unlessZero(random, 'p', label(), rest);
      else yield* rest;
    } else if (kind < 5) {
      yield { op: 'rmw', at: at('g', 'p'), fn: 'xchg', value: 0, dst: 'p' };
      yield random(2) === 0
        ? { op: 'free', object: 'p' }
        : { op: 'rcu.call', routine: '', arg: 'p', head: via('head') };
    } else if (kind === 5) {
      yield { op: 'load', dst: 'p', from: at('g', 'p') };
      yield { op: 'access', at: via('v'), write: random(2) === 0 };
    } else if (kind === 6) {
      yield { op: 'load', dst: 'p', from: at('g', 'p') };
      yield { op: 'ref.tryget', dst: 'a', at: via('ref'), flavour: 'refcount' };
      yield* unlessZero(random, 'a', label(), [
        { op: 'ref.put', dst: 'a', at: via('ref'), flavour: 'refcount' },
      ]);
    } else yield { op: 'store', to: { ...via('q'), base: '@o' }, value: 'p' };
  },
  *irq(random, open) {
    const kind = random(6);
    const what = (['irq', 'bh', 'preempt'] as const)[random(3)]!;
    const irq = (['plain', 'irq', 'irqsave', 'bh'] as const)[random(4)]!;
    if (kind < 2) {
      yield { op: 'context', what, change: 1 };
      if (random(12) > 0) open.push({ op: 'context', what, change: -1 });
    } else if (kind < 5) {
      yield { op: 'lock', at: at('g', 'l'), kind: 'spin', mode: 'exclusive', irq };
      open.push({ op: 'unlock', at: at('g', 'l'), kind: 'spin', mode: 'exclusive', irq });
    } else yield { op: 'sleep' };
  },
};
