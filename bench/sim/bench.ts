/**
 * Measures the core: published counts, rates, and SPIN on the same exported models in the same run. `npm run bench:sim [-- --json]`.
 *
 * First the programs of the published table, each explored completely (the fastest of three); then the rate of transitions on the
 * two large ones, against the states per second of SPIN's compiled verifier on a like program (both the best of some repetitions);
 * then, for each design of each model, the wall time of the core against that of `spin -a; cc -O2; ./pan`, two at a time. Nothing is left
 * out silently: what cannot be exported, or is not measured in the time that there is, is listed with its reason. Prints tables,
 * or one JSON object. Ratios are of one run on one machine.
 */
import { readFileSync } from 'node:fs';
import { count, exploreAll, exportPromela, type Program, PromelaError } from '../../src/sim/index.ts';
import { parseProgram } from '../../src/sim/text.ts';
import { modelPrograms } from '../../test/sim/models.ts';
import { eachOf, runSpin } from '../../test/sim/spin.ts';

const root = new URL('../../test/sim/programs/counts/', import.meta.url);
const ROUNDS = 3;
const PAN_ROUNDS = 5;
/** Compilers at a time, and when no further one is started. */
const WIDTH = 2;
const SPIN_MILLIS = 170_000;
/** What the core may take for one model; reaching it is reported. */
const MODEL_MILLIS = 10_000;

interface Count {
  program: string;
  n: number;
  complete: number;
  blocked: number;
  redundant: number;
  expected: number;
  steps: number;
  ms: number;
}

interface AgainstSpin {
  model: string;
  agree: boolean;
  ms: number;
  spinMs: number;
  ratio: number;
}

const PUBLISHED: [string, number[]][] = [
  ['filesystem', [14, 16, 18, 19]],
  ['indexer', [12, 15]],
  ['readers', [2, 8, 13]],
  ['lastzero', [5, 10, 15]],
];

const read = (name: string) => readFileSync(new URL(`${name}.txt`, root), 'utf8');
const load = (name: string, n: number): Program => parseProgram(read(name), { n }, name).program;

function expectedOf(name: string, n: number): number {
  const { expectations } = parseProgram(read(name), {}, name);
  const row = expectations.find((e) => e.when.get('n') === n && !e.when.has('bound'));
  return Number(/complete (\d+)/.exec(row?.text ?? '')?.[1]);
}

function measure(name: string, n: number): Count {
  const program = load(name, n);
  let best: Count | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const begin = performance.now();
    const { complete, blocked, redundant, steps } = count(program, { maxSteps: 50_000_000 });
    const ms = performance.now() - begin;
    if (!best || ms < best.ms)
      best = { program: name, n, complete, blocked, redundant, expected: expectedOf(name, n), steps, ms };
  }
  return best!;
}

/** The same programs in SPIN's own words, as small as they can be, in sizes that it finishes in seconds. */
const LEAN: Record<string, (n: number) => string> = {
  readers: (n) => `byte x;\nactive proctype w() { x = 1 }\nactive [${n}] proctype r() { byte v; v = x }\n`,
  lastzero: (n) =>
    `byte a[${n + 1}];\nactive proctype reader() { byte i = ${n}; byte v; do :: v = a[i]; if :: v == 0 -> break :: else -> i-- fi od }\n` +
    `proctype w(byte j) { byte v; v = a[j - 1]; a[j] = v + 1 }\ninit { byte j = 1; atomic { do :: j <= ${n} -> run w(j); j++ :: else -> break od } }\n`,
};

async function rate(counts: Count[], name: string, n: number, spinN: number) {
  const own = counts.find((c) => c.program === name && c.n === n)!;
  // Without its reduction: every state, as fast as it can.
  const spin = await runSpin(LEAN[name]!(spinN), ['-DNOREDUCE'], PAN_ROUNDS);
  const core = Math.round((own.steps / own.ms) * 1000);
  const pan = Math.round((spin.states / Math.max(spin.pan, 1)) * 1000);
  return {
    program: name,
    n,
    transitionsPerSecond: core,
    spinN,
    spinStates: spin.states,
    spinStatesPerSecond: pan,
    ratio: core / pan,
  };
}

async function againstSpin() {
  const spin: AgainstSpin[] = [];
  const left: { model: string; reason: string }[] = [];
  const timed = modelPrograms().flatMap(({ name, program }) => {
    try {
      const promela = exportPromela(program);
      let ms = Number.POSITIVE_INFINITY;
      let found = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const begin = performance.now();
        const all = exploreAll(program, { maxMillis: MODEL_MILLIS });
        ms = Math.min(ms, performance.now() - begin);
        found = all.verdicts.length;
        if (!all.exhausted) left.push({ model: name, reason: all.reason });
        if (!all.exhausted) return [];
      }
      return [{ name, promela, ms, found }];
    } catch (error) {
      if (!(error instanceof PromelaError)) throw error;
      left.push({ model: name, reason: error.message });
      return [];
    }
  });
  const deadline = performance.now() + SPIN_MILLIS;
  await eachOf(timed, WIDTH, async ({ name, promela, ms, found }) => {
    if (performance.now() > deadline) {
      left.push({ model: name, reason: `not compiled: ${SPIN_MILLIS / 1000} s are over` });
      return;
    }
    const { errors, all } = await runSpin(promela);
    spin.push({ model: name, agree: found > 0 === errors > 0, ms, spinMs: all, ratio: ms / all });
  });
  spin.sort((a, b) => (a.model < b.model ? -1 : 1));
  return { spin, left };
}

const counts = PUBLISHED.flatMap(([name, sizes]) => sizes.map((n) => measure(name, n)));
const rates = [await rate(counts, 'readers', 13, 16), await rate(counts, 'lastzero', 15, 9)];
const { spin, left } = await againstSpin();

if (process.argv.includes('--json')) {
  const round = (x: number) => Math.round(x * 10_000) / 10_000;
  const short = counts.map(({ program, n, complete, blocked, redundant }) => ({
    program,
    n,
    complete,
    blocked,
    redundant,
  }));
  console.log(
    JSON.stringify({
      counts: short,
      rates: rates.map((r) => ({ ...r, ratio: round(r.ratio) })),
      spin: spin.map((m) => ({ ...m, ms: round(m.ms), spinMs: round(m.spinMs), ratio: round(m.ratio) })),
      left,
    }),
  );
} else {
  console.log('program      n  expected  complete  blocked  redundant     steps       ms   steps/s');
  for (const c of counts) {
    const cells = [
      c.program.padEnd(10),
      c.n,
      c.expected,
      c.complete,
      c.blocked,
      c.redundant,
      c.steps,
      c.ms.toFixed(1),
      Math.round((c.steps / c.ms) * 1000),
    ];
    const widths = [10, 4, 10, 10, 9, 11, 10, 9, 10];
    console.log(cells.map((x, i) => (i === 0 ? `${x}` : `${x}`.padStart(widths[i]!))).join(''));
  }
  console.log('\nrate: transitions/s of the core, states/s of pan (cc -O2), ratio');
  for (const r of rates) {
    console.log(
      `${r.program}(${r.n})  ${r.transitionsPerSecond}  pan on ${r.program}(${r.spinN}): ${r.spinStatesPerSecond} (${r.spinStates} states)  ${r.ratio.toFixed(2)}`,
    );
  }
  console.log('\nmodel: ms of the core, ms of spin -a; cc -O2; pan (two at a time)');
  for (const m of spin)
    console.log(
      `${m.agree ? 'agree   ' : 'DISAGREE'} ${m.model.padEnd(28)} ${m.ms.toFixed(1).padStart(8)} ${m.spinMs.toFixed(0).padStart(8)}`,
    );
  for (const l of left) console.log(`left out ${l.model.padEnd(28)} ${l.reason}`);
  const worst = Math.max(...spin.map((m) => m.ratio));
  console.log(`slowest of ${spin.length} models against SPIN: ${worst.toFixed(4)} of its time`);
}
const wrong = counts.some((c) => c.complete !== c.expected || c.redundant > 0) || spin.some((m) => !m.agree);
process.exitCode = wrong ? 1 : 0;
