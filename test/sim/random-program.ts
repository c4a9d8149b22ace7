/**
 * Random small programs for the property test: 2 to 4 threads, up to 6 operations each, from a seed.
 *
 * Shapes are weighted so that most programs do something: sections that are mostly closed, counts that are mostly balanced,
 * one published object that readers look up. Nothing here knows what the core makes of a program.
 */
import type { LockKind, Op, Program, ThreadDecl } from '../../src/sim/program.ts';
import { at, FAMILIES, type Family, familyBody, GLOBALS, later, OBJECT, via } from './random-kernel.ts';

/** A small generator of pseudo-random numbers (mulberry32). */
export function randomOf(seed: number): (n: number) => number {
  let a = seed >>> 0;
  return (n) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let x = Math.imul(a ^ (a >>> 15), a | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % n;
  };
}

/** Every second program is about one primitive, in turn. */
export function familyOf(seed: number): Family | undefined {
  return seed % 2 === 0 ? undefined : FAMILIES[((seed - 1) / 2) % FAMILIES.length];
}

export function randomProgram(seed: number): Program {
  const random = randomOf(seed);
  const family = familyOf(seed);
  const threads = family === undefined ? 2 + random(3) : 2 + random(2);
  // Many threads get few operations, so that brute force comes to an end.
  const most = (family === undefined ? [0, 6, 5, 4] : [0, 5, 3])[threads - 1]!;
  const flavour = random(5);
  const routines = Array.from({ length: threads }, (_, t) => {
    const length = 1 + random(most);
    const code = family === undefined ? body(random, length, flavour) : familyBody(random, length, family);
    return { name: `r${t}`, params: [], code: [...code], sites: [] };
  });
  return {
    name: `random ${seed}`,
    types: [
      {
        name: 'globals',
        cells: [
          { name: 'x', kind: 'int' },
          { name: 'y', kind: 'int' },
          { name: 'l', kind: 'lock' },
          { name: 'm', kind: 'lock' },
          { name: 'p', kind: 'pointer' },
          { name: 'c', kind: 'completion' },
          { name: 'q', kind: 'queue' },
          ...GLOBALS,
        ],
      },
      {
        name: 'object',
        cells: [
          { name: 'ref', kind: 'ref', init: 1 + random(3) },
          { name: 'v', kind: 'int' },
          { name: 'lock', kind: 'lock' },
          { name: 'q', kind: 'pointer' },
          { name: 'head', kind: 'callback' },
        ],
      },
      { name: 'holder', cells: OBJECT },
    ],
    objects: [
      { name: 'g', type: 'globals' },
      { name: 'o', type: 'object' },
      { name: 'h', type: 'holder' },
    ],
    routines: [
      ...routines,
      ...later(random),
      {
        name: 'setup',
        params: [],
        code: [
          { op: 'alloc', dst: 'n', type: 'object' },
          {
            op: 'ref.init',
            at: { base: 'n', type: 'object', cell: 'ref' },
            value: 1 + random(2),
            flavour: 'refcount',
          },
          { op: 'store', to: at('g', 'p'), value: 'n' },
          ...(family === 'percpu'
            ? [{ op: 'percpu.init' as const, at: at('h', 'percpu'), release: 'released' }]
            : []),
        ],
        sites: [],
      },
    ],
    setup: 'setup',
    threads: [
      ...routines.map((r, t): ThreadDecl => ({ name: r.name, routine: r.name, args: [], cpu: t })),
      ...(family === 'irq' ? [handler(random)] : []),
    ],
  };
}

function handler(random: (n: number) => number): ThreadDecl {
  return { name: 'handler', routine: 'job', args: [0], kind: random(2) === 0 ? 'irq' : 'softirq', cpu: 0 };
}

function* body(random: (n: number) => number, length: number, flavour: number): Generator<Op> {
  let made = 0;
  let labels = 0;
  let loaded = false;
  const open: Op[] = [];
  const kinds: LockKind[] = ['spin', 'mutex', 'rwsem'];
  const emit = function* (op: Op): Generator<Op> {
    made++;
    yield op;
  };
  while (made + open.length < length) {
    // Every now and then something that waits, or an unknown that decides.
    const rare = random(10);
    if (rare === 0) {
      const name = `u${labels++}`;
      yield* emit({ op: 'unknown', dst: 'u', what: 'bool' });
      if (random(2) === 0) continue;
      yield { op: 'branch', cond: 'u', to: name };
      yield* emit({ op: 'rmw', at: at('g', 'x'), fn: 'add', value: 1 });
      yield { op: 'label', name };
      continue;
    }
    if (rare === 1 && flavour < 3) {
      const kind = random(5);
      if (kind === 0) yield* emit({ op: 'wait-completion', at: at('g', 'c') });
      else if (kind === 1) yield* emit({ op: 'complete', at: at('g', 'c') });
      else if (kind === 2)
        yield* emit({ op: 'wait', queue: at('g', 'q'), until: at('g', 'y'), value: random(2) });
      else if (kind === 3) yield* emit({ op: 'wake', queue: at('g', 'q') });
      else {
        yield* emit({ op: 'store', to: at('g', 'y'), value: random(2) });
        yield* emit({ op: 'wake', queue: at('g', 'q') });
      }
      continue;
    }
    if (open.length > 0 && random(3) === 0) {
      yield* emit(open.pop()!);
      continue;
    }
    const which = (random(12) + 3 * flavour) % 15;
    const x = random(2) === 0 ? 'x' : 'y';
    if (which < 2) yield* emit({ op: 'load', dst: 'a', from: at('g', x) });
    else if (which === 2)
      yield* emit({ op: 'store', to: at('g', x), value: random(3) === 0 ? 'a' : random(3) });
    else if (which === 3) yield* emit({ op: 'rmw', at: at('g', x), fn: 'add', value: 1, dst: 'a' });
    else if (which === 4)
      yield* emit({ op: 'cmpxchg', dst: 'a', at: at('g', x), expect: random(2), value: random(3) });
    else if (which === 5) {
      const lock = random(2) === 0 ? 'l' : 'm';
      const kind = lock === 'l' ? kinds[random(2)]! : 'rwsem';
      const mode = kind === 'rwsem' && random(2) === 0 ? 'shared' : 'exclusive';
      yield* emit({ op: 'lock', at: at('g', lock), kind, mode });
      if (random(16) > 0) open.push({ op: 'unlock', at: at('g', lock), kind, mode });
    } else if (which === 6) {
      const mode = random(2) === 0 ? 'shared' : 'exclusive';
      yield* emit({ op: 'trylock', dst: 'a', at: at('g', 'm'), kind: 'rwsem', mode });
      const name = `l${labels++}`;
      yield { op: 'calc', dst: 'f', fn: 'eq', a: 'a', b: 0 };
      yield { op: 'branch', cond: 'f', to: name };
      yield* emit({ op: 'unlock', at: at('g', 'm'), kind: 'rwsem', mode });
      yield { op: 'label', name };
    } else if (which === 7) {
      yield* emit({ op: 'rcu.enter' });
      if (random(16) > 0) open.push({ op: 'rcu.exit' });
    } else if (which === 8) yield* emit({ op: 'rcu.synchronize' });
    else if (which === 9) {
      loaded = true;
      yield* emit({ op: 'load', dst: 'p', from: at('g', 'p') });
    } else if (which === 10) {
      loaded = true;
      yield* emit({ op: 'rmw', at: at('g', 'p'), fn: 'xchg', value: random(3) === 0 ? 'p' : 0, dst: 'p' });
    } else if (which === 11 || which === 12) {
      // References: mostly taken and given back, sometimes taken only, sometimes given back only.
      const place = loaded && random(3) > 0 ? via('ref') : at('o', 'ref');
      const put: Op = { op: 'ref.put', dst: 'a', at: place, flavour: 'refcount' };
      const kind = random(8);
      if (kind === 0) yield* emit(put);
      else if (kind < 5) {
        yield* emit({ op: 'ref.get', at: place, flavour: 'refcount' });
        if (random(8) > 0) open.push(put);
      } else {
        yield* emit({ op: 'ref.tryget', dst: 'a', at: place, flavour: 'refcount' });
        const name = `l${labels++}`;
        yield { op: 'calc', dst: 'f', fn: 'eq', a: 'a', b: 0 };
        if (random(8) > 0) yield { op: 'branch', cond: 'f', to: name };
        yield* emit(put);
        yield { op: 'label', name };
      }
    } else if (which === 13 && loaded) {
      yield* emit(
        random(4) > 0 ? { op: 'access', at: via('v'), write: random(2) === 0 } : { op: 'free', object: 'p' },
      );
    } else if (which === 14 && loaded && random(2) === 0)
      yield* emit({ op: 'rcu.call', routine: '', arg: 'p' });
    else yield* emit({ op: 'rmw', at: at('g', x), fn: 'add', value: 1 });
  }
  while (open.length > 0) yield open.pop()!;
}
