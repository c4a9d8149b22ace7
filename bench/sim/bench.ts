/**
 * Measures the core: published counts, rates, and SPIN on the same exported models in the same run. `npm run bench:sim [-- --json]`.
 *
 * First the programs of the published table, each explored completely (the fastest of three); then the rate of transitions on the
 * two large ones, against the states per second of SPIN's compiled verifier on the same program; then, for each model, the wall time
 * of the core against that of `spin -a; cc -O2; ./pan`. Prints a table, or one JSON object. Ratios are of one run on one machine.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { count, exploreAll, exportPromela, type Program, PromelaError } from '../../src/sim/index.ts';
import { parseProgram } from '../../src/sim/text.ts';
import { modelPrograms } from '../../test/sim/models.ts';
import { runSpin } from '../../test/sim/spin.ts';

const root = new URL('../../test/sim/programs/', import.meta.url);

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

const PUBLISHED: [string, Record<string, number>[]][] = [
  ['filesystem', [14, 16, 18, 19].map((n) => ({ n }))],
  ['indexer', [12, 15].map((n) => ({ n }))],
  ['readers', [2, 8, 13].map((n) => ({ n }))],
  ['lastzero', [5, 10, 15].map((n) => ({ n }))],
];

const read = (file: string) => readFileSync(new URL(file, root), 'utf8');
const load = (name: string, parameters: Record<string, number>): Program =>
  parseProgram(read(`counts/${name}.txt`), parameters, name).program;

function expectedOf(name: string, n: number): number {
  const { expectations } = parseProgram(read(`counts/${name}.txt`), {}, name);
  const row = expectations.find((e) => e.when.get('n') === n && !e.when.has('bound'));
  return Number(/complete (\d+)/.exec(row?.text ?? '')?.[1]);
}

function measure(name: string, n: number): Count {
  const program = load(name, { n });
  let best: Count | undefined;
  for (let round = 0; round < 3; round++) {
    const begin = performance.now();
    const { complete, blocked, redundant, steps } = count(program, { maxSteps: 50_000_000 });
    const ms = performance.now() - begin;
    if (!best || ms < best.ms)
      best = { program: name, n, complete, blocked, redundant, expected: expectedOf(name, n), steps, ms };
  }
  return best!;
}

const counts = PUBLISHED.flatMap(([name, all]) => all.map(({ n }) => measure(name, n!)));

/** The same programs in SPIN's own words, as small as they can be, in sizes that it finishes in seconds. */
const LEAN: Record<string, (n: number) => string> = {
  readers: (n) => `byte x;\nactive proctype w() { x = 1 }\nactive [${n}] proctype r() { byte v; v = x }\n`,
  lastzero: (n) =>
    `byte a[${n + 1}];\nactive proctype reader() { byte i = ${n}; byte v; do :: v = a[i]; if :: v == 0 -> break :: else -> i-- fi od }\n` +
    `proctype w(byte j) { byte v; v = a[j - 1]; a[j] = v + 1 }\ninit { byte j = 1; atomic { do :: j <= ${n} -> run w(j); j++ :: else -> break od } }\n`,
};

const rates = (
  [
    ['readers', 13, 16],
    ['lastzero', 15, 9],
  ] as const
).map(([name, n, spinN]) => {
  const own = counts.find((c) => c.program === name && c.n === n)!;
  // Without its reduction: every state, as fast as it can.
  const spin = runSpin(LEAN[name]!(spinN), ['-DNOREDUCE']);
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
});

const twins = readdirSync(new URL('hazards/', root))
  .filter((f) => f.endsWith('.txt'))
  .sort()
  .map((file) => ({
    name: file.replace('.txt', ''),
    program: parseProgram(read(`hazards/${file}`), {}, file).program,
  }));

const models = [...modelPrograms(), ...twins].flatMap(({ name, program }) => {
  try {
    const model = exportPromela(program);
    const begin = performance.now();
    const { verdicts } = exploreAll(program);
    const ms = performance.now() - begin;
    const spin = runSpin(model);
    return [
      {
        model: name,
        agree: verdicts.length > 0 === spin.errors > 0,
        ms,
        spinMs: spin.all,
        ratio: ms / spin.all,
      },
    ];
  } catch (error) {
    if (error instanceof PromelaError) return [];
    throw error;
  }
});

if (process.argv.includes('--json')) {
  const round = (x: number) => Math.round(x * 1000) / 1000;
  console.log(
    JSON.stringify({
      counts: counts.map(({ program, n, complete, blocked, redundant }) => ({
        program,
        n,
        complete,
        blocked,
        redundant,
      })),
      rates: rates.map((r) => ({ ...r, ratio: round(r.ratio) })),
      spin: models.map((m) => ({ ...m, ms: round(m.ms), spinMs: round(m.spinMs), ratio: round(m.ratio) })),
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
  console.log('\nmodel: ms of the core, ms of spin -a; cc -O2; pan');
  for (const m of models)
    console.log(
      `${m.agree ? 'agree   ' : 'DISAGREE'} ${m.model.padEnd(28)} ${m.ms.toFixed(1).padStart(8)} ${m.spinMs.toFixed(0).padStart(8)}`,
    );
  const worst = Math.max(...models.map((m) => m.ratio));
  console.log(`slowest of ${models.length} models against SPIN: ${worst.toFixed(4)} of its time`);
}
