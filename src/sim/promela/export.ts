/**
 * Writes a program as Promela, so that SPIN can check the core: the same memory, threads and properties in another tool's words.
 *
 * Addresses are those of the core's layout; calls are expanded in place, so recursion is refused. Each event is one atomic step that checks
 * its property with `assert`; a thread whose assumption fails sets `stuck` and stops, which lets everybody else stop too. SPIN's
 * invalid end states are the deadlocks. Ghost state (who owns references, what is private) is kept as in `refcount.ts`, written
 * here a second time on purpose. Not exported: interrupts, work items, timers, barriers; such programs are refused.
 */
import { type Compiled, compile } from '../compile.ts';
import type { Program } from '../program.ts';
import { PRELUDE } from './prelude.ts';
import { ThreadWriter } from './thread.ts';

export class PromelaError extends Error {}

export function exportPromela(program: Program): string {
  if (program.threads.some((t) => t.kind !== undefined && t.kind !== 'task')) {
    throw new PromelaError('interrupts cannot be exported to Promela');
  }
  const c = compile(program);
  const body = c.threads.map((_, t) => new ThreadWriter(c, t).write());
  return [
    `/* ${program.name.replace(/\*\//g, '')}: exported by lockstep; run with spin -a, cc pan.c, ./pan */`,
    ...defines(c),
    PRELUDE,
    ...body.filter((_, t) => t !== c.setup).map((b) => b.declaration),
    ...ending(c),
    ...start(c, body[c.setup]?.inline ?? []),
    '',
  ].join('\n');
}

/** Sizes, and the cells that are locks. */
function defines(c: Compiled): string[] {
  const { memory } = c;
  const locks = lockCells(c);
  return [
    `#define WORDS ${memory.end}`,
    `#define OBJECTS ${Math.max(1, memory.objects.length)}`,
    `#define THREADS ${c.threads.length}`,
    `#define LOCKS ${Math.max(1, locks.length)}`,
    `#define DOMAINS ${Math.max(1, c.domains.length)}`,
    `#define SETUP ${c.setup < 0 ? c.threads.length : c.setup}`,
  ];
}

export function lockCells(c: Compiled): number[] {
  return c.memory.objects.flatMap((o) =>
    o.type.cells.filter((k) => k.kind === 'lock').map((k) => o.address + k.offset),
  );
}

/** Tables, the setup routine, and then everybody at once. */
function start(c: Compiled, setup: string[]): string[] {
  const { objects } = c.memory;
  const tables = objects.flatMap((o, i) => [
    ...Array.from({ length: o.type.size }, (_, k) => `ob[${o.address + k}] = ${i + 1};`),
    `first[${i}] = ${o.address}; size[${i}] = ${o.type.size};`,
    ...(o.type.ref < 0 ? [] : [`refat[${i}] = ${o.address + o.type.ref + (isPercpu(c, i) ? 1 : 0)};`]),
    ...(o.declared ? [`life[${i}] = 1;`] : []),
    ...o.type.cells.flatMap((k) => {
      const at = o.address + k.offset;
      const busy =
        k.kind === 'callback' || k.kind === 'work' || k.kind === 'timer' ? [`busy[${at}] = 1;`] : [];
      if (busy.length > 0 && k.member > 0) busy.push(`member[${at}] = ${k.member};`);
      if (k.kind === 'queue') busy.push(`busy[${at}] = 2;`);
      if (!o.declared || k.init === undefined) return busy;
      if (k.kind === 'percpu-ref') return [...busy, `m[${at}] = 1; m[${at + 1}] = ${k.init};`];
      return [...busy, `m[${at}] = ${k.init};`, ...(k.kind === 'ref' ? [`m[${at + 1}] = 1;`] : [])];
    }),
  ]);
  const locks = lockCells(c).map((at, i) => `lk[${at}] = ${i + 1};`);
  const runs = c.threads.flatMap((_, t) => (t === c.setup ? [] : [`run t${t}();`]));
  return [
    'init {',
    `  int B, O, A, V, W, K; byte ATOM; byte ME = ${c.setup < 0 ? 0 : c.setup};`,
    '  d_step {',
    ...[...tables, ...locks].map((l) => `    ${l}`),
    '  }',
    // A label may not come first in an atomic sequence.
    '  atomic { skip;',
    ...setup.map((l) => `  ${l}`),
    '    d_step { K = 0; do :: K < OBJECTS -> priv[K] = 0; if :: SETUP < THREADS -> own[K * THREADS + SETUP] = 0 :: else fi; K++ :: else -> break od; K = 0; }',
    `    started = ${c.declared};`,
    ...runs.map((l) => `    ${l}`),
    '    run ending();',
    '  }',
    '}',
  ];
}

function isPercpu(c: Compiled, object: number): boolean {
  const { type } = c.memory.objects[object]!;
  return type.cells.find((k) => k.offset === type.ref)?.kind === 'percpu-ref';
}

/** Leaks, when everybody has ended. */
function ending(c: Compiled): string[] {
  const roots = c.memory.objects.map((o, i) =>
    o.declared ? `reached[${i}] = 1;` : `reached[${i}] = escaped[${i}];`,
  );
  return [
    'proctype ending() {',
    '  byte I; int J; bool MORE; bool reached[OBJECTS];',
    'end_wait:',
    '  (started > 0 && started == finished && !stuck);',
    '  d_step {',
    ...roots.map((l) => `    ${l}`),
    '    I = 0; do :: I < OBJECTS -> J = 0; do :: J < QUEUED -> if :: tq[I * QUEUED + J] >= 16 -> reached[ob[tq[I * QUEUED + J]] - 1] = 1 :: else fi; J++ :: else -> break od; I++ :: else -> break od;',
    '    MORE = true;',
    '    do :: MORE -> MORE = false; I = 0;',
    '      do :: I < OBJECTS ->',
    '        if :: reached[I] && life[I] == 1 -> J = 0;',
    '          do :: J < size[I] ->',
    '            if :: m[first[I] + J] >= 16 && m[first[I] + J] < WORDS ->',
    '              if :: !reached[ob[m[first[I] + J]] - 1] -> reached[ob[m[first[I] + J]] - 1] = true; MORE = true :: else fi',
    '            :: else fi; J++ :: else -> break od',
    '        :: else fi; I++ :: else -> break od',
    '    :: else -> break od;',
    '    I = 0; do :: I < OBJECTS -> assert(!(life[I] == 1 && !reached[I])); I++ :: else -> break od',
    '  }',
    '}',
  ];
}
