/** `lockstep explain`: a model, one of its designs, or a class of hazard, on one screen. */
import type { DesignVerdict, NamedDesign } from '../check/index.ts';
import { InputError } from '../patch/index.ts';
import { diagram, listSteps, wrap } from '../report/index.ts';
import type { HazardModel, Rules } from '../rules/index.ts';
import type { Hazard, Schedule } from '../sim/index.ts';
import { designsNamed, readRules } from './catalogue.ts';
import { RULES } from './engine.ts';
import { verdicts, verdictText } from './models.ts';

export interface ExplainOptions {
  format: 'text' | 'json';
  rules?: string;
}

/** @throws InputError when the name is no model, design or class. */
export async function explainName(name: string, options: ExplainOptions): Promise<void> {
  const rules = await readRules(options.rules);
  const { loadClasses } = await import('../rules/index.ts');
  const { allDesigns } = await import('../check/index.ts');
  const classes = loadClasses(options.rules ?? RULES);
  const all = allDesigns(rules);
  const says = classes.get(name as Hazard);
  const explained =
    says === undefined
      ? await explainDesigns(rules, all, name, classes)
      : await explainClass(rules, name as Hazard, says);
  if (options.format === 'json')
    process.stdout.write(
      `${JSON.stringify({ name, text: explained.lines, schedule: explained.schedule }, null, 2)}\n`,
    );
  else process.stdout.write(`${explained.lines.join('\n')}\n`);
}

interface Explained {
  lines: string[];
  schedule: Schedule | null;
}

async function explainDesigns(
  rules: Rules,
  all: NamedDesign[],
  name: string,
  classes: Map<Hazard, string>,
): Promise<Explained> {
  const designs = namedOrClasses(all, name, classes);
  const model = designs[0]!.model;
  const isModel = designs.length > 1 || designs[0]!.name !== name;
  const own = designs.filter((each) => each.model === model);
  const rows = await verdicts(
    rules,
    own.map((each) => each.name),
  );
  const { subject, list, date } = model.thread;
  const shown = rows.find((row) => row.violations.length > 0);
  const others = [...new Set(designs.map((each) => each.model.id))].slice(1);
  return {
    lines: [
      `${model.id}: ${model.title}`,
      ...(isModel ? ['', ...wrap(model.about)] : []),
      '',
      ...rows.flatMap(rowLines),
      ...drawn(shown, isModel),
      '',
      ...wrap(`Thread: ${subject}, ${list}, ${date}`),
      ...(others.length > 0 ? [`See also: ${others.join(', ')}`] : []),
    ],
    schedule: shown === undefined ? null : shown.violations[0]!.schedule,
  };
}

function namedOrClasses(all: NamedDesign[], name: string, classes: Map<Hazard, string>): NamedDesign[] {
  try {
    return designsNamed(all, [name]);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(
      name,
      0,
      `no model, design or class has this name; models: ${[...new Set(all.map((d) => d.model.id))].join(', ')}; classes: ${[...classes.keys()].join(', ')}`,
    );
  }
}

async function explainClass(rules: Rules, name: Hazard, says: string): Promise<Explained> {
  const rows = (await verdicts(rules, [])).filter((row) => row.classes.includes(name));
  const shown = rows.find((row) => row.class === name) ?? rows[0];
  const model = (row: DesignVerdict): HazardModel => rules.models.find((m) => m.id === row.model)!;
  const violation = shown?.violations.find((v) => v.schedule.violation.hazard === name);
  return {
    lines: [
      name,
      '',
      ...wrap(says),
      ...(rows.length === 0
        ? ['', 'No design of a model ends in it; findings of it come from functions alone.']
        : ['']),
      ...rows.map((row) => `  ${row.design.padEnd(4)} ${row.title} (${row.model})`),
      ...(shown === undefined || violation === undefined
        ? []
        : ['', `${shown.design}, from ${model(shown).thread.subject}:`, '', ...picture(violation.schedule)]),
    ],
    schedule: violation?.schedule ?? null,
  };
}

function rowLines(row: DesignVerdict): string[] {
  return [
    `  ${row.design.padEnd(4)} ${verdictText(row)}`,
    ...wrap(row.title, 64).map((line) => `       ${line}`),
    ...row.assumptions.flatMap((a) => wrap(`if ${a}`, 64).map((line) => `       ${line}`)),
  ];
}

function drawn(row: DesignVerdict | undefined, named: boolean): string[] {
  if (row === undefined) return [];
  return [
    '',
    ...(named ? [`How ${row.design} goes wrong:`, ''] : []),
    ...picture(row.violations[0]!.schedule),
  ];
}

function picture(schedule: Schedule): string[] {
  const columns = diagram(schedule);
  const lines = columns.length > 0 ? columns : listSteps(schedule, 12);
  return lines.map((line) => `  ${line}`.trimEnd());
}
