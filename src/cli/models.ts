/** `lockstep models`: the hazard models and their designs, each with the verdict of an exploration that runs now. */
import type { DesignVerdict } from '../check/index.ts';
import { InputError } from '../patch/index.ts';
import type { HazardModel, Rules } from '../rules/index.ts';
import { designsNamed, Progress, readRules } from './catalogue.ts';
import { modelsMarkdown } from './models-markdown.ts';

export interface ModelsOptions {
  design?: string;
  format: 'text' | 'json' | 'markdown';
  rules?: string;
}

export async function models(ids: string[], options: ModelsOptions): Promise<void> {
  const rules = await readRules(options.rules);
  const rows = await verdicts(rules, ids, options.design);
  if (options.format === 'json') process.stdout.write(`${JSON.stringify(rows.map(jsonRow), null, 2)}\n`);
  else if (options.format === 'markdown') process.stdout.write(modelsMarkdown(rules, rows));
  else process.stdout.write(table(rules.models, rows));
}

/** Explores the designs that the names stand for; all of them without names. */
export async function verdicts(rules: Rules, ids: string[], design?: string): Promise<DesignVerdict[]> {
  const { allDesigns, runDesign } = await import('../check/index.ts');
  let wanted = allDesigns(rules);
  if (ids.length > 0) wanted = designsNamed(wanted, ids);
  if (design !== undefined) wanted = wanted.filter((each) => each.name === design);
  if (wanted.length === 0) throw new InputError(design ?? '', 0, 'no design has this name');
  const progress = new Progress();
  const rows = wanted.map((each) => {
    progress.step(`${each.model.id} ${each.name}`);
    return runDesign(each, rules);
  });
  progress.done();
  return rows;
}

function jsonRow(row: DesignVerdict): object {
  const { model, design, title, verdict, classes, bounded, executions, assumptions } = row;
  return { model, design, title, verdict, class: row.class, classes, bounded, executions, assumptions };
}

/** A block for each model: design, verdict, executions, what it is, and below it what it assumes. */
function table(known: HazardModel[], rows: DesignVerdict[]): string {
  const width = Math.max(...rows.map((row) => row.design.length));
  const verdictWidth = Math.max(...rows.map((row) => verdictText(row).length));
  const blocks = [...new Set(rows.map((row) => row.model))].map((id) => {
    const own = rows.filter((row) => row.model === id);
    const model = known.find((each) => each.id === id)!;
    const lines = own.flatMap((row) => [
      `  ${row.design.padEnd(width)}  ${verdictText(row).padEnd(verdictWidth)}  ${row.title}`,
      ...row.assumptions.map((assumption) => `${' '.repeat(width + 4)}if ${assumption}`),
    ]);
    return [`${model.id}: ${model.title}`, ...lines].join('\n');
  });
  const executions = rows.reduce((sum, row) => sum + row.executions, 0);
  return `${blocks.join('\n\n')}\n\n${rows.length} designs, ${executions} executions: each is every interleaving of its design\n`;
}

export function verdictText({ verdict, classes, bounded }: DesignVerdict): string {
  if (verdict === 'violates') return `violates: ${classes.join(', ')}`;
  return bounded ? `${verdict} (bounded)` : verdict;
}
