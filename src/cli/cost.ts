/** `lockstep cost`: what designs pay for one use, by number of CPUs, as the simulated caches and locks count it. */
import type { ProbeCost } from '../check/index.ts';
import { InputError } from '../patch/index.ts';
import { designsNamed, Progress, readRules } from './catalogue.ts';

export interface CostOptionsOfCommand {
  cpus: string;
  format: 'text' | 'json';
  rules?: string;
}

/** What is counted, in the order of the table. */
const COUNTS = [
  ['transfers', 'cache lines moved'],
  ['sharedRmws', 'atomic operations on shared lines'],
  ['locks', 'locks taken'],
  ['handovers', 'locks taken over from another CPU'],
  ['callbacks', 'RCU callbacks'],
  ['wakes', 'wake-ups'],
] as const;
const MAX_CPUS = 64;

/** @throws InputError for an unknown name, a number of CPUs that is none, or designs without a cost. */
export async function cost(names: string[], options: CostOptionsOfCommand): Promise<void> {
  const cpus = parseCpus(options.cpus);
  const rules = await readRules(options.rules);
  const { allDesigns, runProbe } = await import('../check/index.ts');
  const designs = designsNamed(allDesigns(rules), names).filter(({ design }) => design.cost !== undefined);
  designs.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (designs.length === 0)
    throw new InputError(names.join(' '), 0, 'nothing is measured of this; see cost: in its model.yml');
  const progress = new Progress();
  const measured = designs.flatMap((each) =>
    each.design.cost!.map((probe) =>
      (probe.rounds === undefined ? cpus : [1]).map((n) => {
        progress.step(`${each.name} on ${n} CPUs`);
        return runProbe(each, probe, n, rules);
      }),
    ),
  );
  progress.done();
  if (options.format === 'json') {
    process.stdout.write(`${JSON.stringify(measured.flat(), null, 2)}\n`);
    return;
  }
  const shared = measured.filter((row) => row.length === cpus.length && cpus.length > 1);
  const alone = measured.filter((row) => !shared.includes(row));
  const parts = [...(shared.length > 0 ? [byCpus(shared, cpus)] : []), ...alone.map(single)];
  process.stdout.write(`${parts.join('\n\n')}\n`);
}

function parseCpus(text: string): number[] {
  const cpus = text.split(',').map((part) => (/^\d+$/.test(part) ? Number(part) : 0));
  if (cpus.some((n) => n < 1 || n > MAX_CPUS))
    throw new InputError(`--cpus ${text}`, 0, `expected numbers from 1 to ${MAX_CPUS}, as in 1,2,4,8`);
  return [...new Set(cpus)].sort((a, b) => a - b);
}

/** A block for each thing that is counted, a row for each design, a column for each number of CPUs. */
function byCpus(rows: ProbeCost[][], cpus: number[]): string {
  const blocks = COUNTS.flatMap(([key, title]) => {
    if (rows.every((row) => row.every((each) => each[key] === 0))) return [];
    const lines = rows.map(
      (row) =>
        `  ${row[0]!.design.padEnd(4)}${row.map((c) => perUse(c, key).padStart(8)).join('')}  ${row[0]!.title}`,
    );
    const head = `  CPUs${cpus.map((n) => String(n).padStart(8)).join('')}`;
    return [
      [`${title} per ${[...new Set(rows.map((row) => row[0]!.use))].join(' or ')}:`, head, ...lines].join(
        '\n',
      ),
    ];
  });
  return blocks.join('\n\n');
}

function single([row]: ProbeCost[]): string {
  const { design, title, use } = row!;
  const counted = COUNTS.filter(([key]) => row![key] > 0).map(
    ([key, what]) => `  ${perUse(row!, key).padStart(8)}  ${what}`,
  );
  return [
    `${design} (${title}), ${use}:`,
    ...(counted.length > 0 ? counted : ['         0  of anything that is counted']),
  ].join('\n');
}

function perUse(row: ProbeCost, key: (typeof COUNTS)[number][0]): string {
  const value = row[key] / row.uses;
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
