/**
 * Writes a program as Promela, so that SPIN can check the core: the same memory, threads and properties in another tool's words.
 *
 * Addresses are those of the core's layout; calls are expanded in place. Each event is one atomic step that checks
 * its property with `assert`; a thread whose assumption fails sets `stuck` and stops, which lets everybody else stop too. SPIN's
 * invalid end states are the deadlocks. Ghost state (who owns references, what is private) is kept as in `refcount.ts`, written
 * here a second time on purpose. Properties that are checked on request only are not exported. Refused: recursion, callbacks that
 * queue callbacks deeper than the core follows them, more than 31 threads and callbacks, CPUs beyond 254.
 */
import { type Compiled, compile } from '../compile.ts';
import type { Program } from '../program.ts';
import { PromelaError } from './error.ts';
import { endChecks, PRELUDE } from './prelude.ts';
import { handlers, ThreadWriter } from './thread.ts';

/** Threads are bits of an int. */
const MAX_THREADS = 31;
const MAX_CPU = 254;

export function exportPromela(program: Program): string {
  const c = compile(program);
  if (c.threads.length > MAX_THREADS)
    throw new PromelaError(`more than ${MAX_THREADS} threads and callbacks`);
  if (handlers(c).some((h) => h.cpu > MAX_CPU)) throw new PromelaError(`a CPU beyond ${MAX_CPU}`);
  const processes = new Map<string, string>();
  const runs = c.threads.flatMap((info, t) => {
    if (t === c.setup) return [];
    const text = new ThreadWriter(c, t).process();
    const name = processes.get(text) ?? `t${t}`;
    if (!processes.has(text)) processes.set(text, name);
    return [{ name, me: t, of: info.name }];
  });
  return [
    `/* ${program.name.replace(/\*\//g, '')}: exported by lockstep; run with spin -a, cc pan.c, ./pan */`,
    ...defines(c),
    PRELUDE,
    endChecks(c.usesRefs, lockCells(c).length > 0, c.domains.length > 0),
    ...[...processes].map(([text, name]) => {
      const who = runs.filter((r) => r.name === name).map((r) => r.of);
      return `proctype ${name}(byte ME) { /* ${[...new Set(who)].join(', ')} */\n${text}`;
    }),
    ...ending(c),
    ...start(
      c,
      c.setup < 0 ? [] : new ThreadWriter(c, c.setup).inline(),
      runs.map((r) => `run ${r.name}(${r.me});`),
    ),
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
    `#define CPUS ${Math.max(0, ...handlers(c).map((h) => h.cpu)) + 1}`,
    `#define IN_RCU ${c.domains.includes('') ? `(NEST(${c.domains.indexOf('')}) > 0)` : 'false'}`,
  ];
}

function lockCells(c: Compiled): number[] {
  return c.memory.objects.flatMap((o) =>
    o.type.cells.filter((k) => k.kind === 'lock').map((k) => o.address + k.offset),
  );
}

/** Tables, the setup routine, and then everybody at once. */
function start(c: Compiled, setup: string[], runs: string[]): string[] {
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
  return [
    'init {',
    `  int B, O, A, V, W, K, L; byte ATOM; bool NOPLACE; byte ME = ${c.setup < 0 ? 0 : c.setup};`,
    '  d_step { skip;',
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
    '  d_step { skip;',
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

export { PromelaError };
