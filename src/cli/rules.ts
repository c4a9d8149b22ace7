/** `lockstep rules`: runs the examples of the models, looks models over, and starts a new one. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { InputError } from '../patch/index.ts';
import type { HazardModel, Rules } from '../rules/index.ts';
import { Progress, readRules } from './catalogue.ts';
import { RULES } from './engine.ts';
import { EXIT } from './exit.ts';

export interface RulesOptions {
  rules?: string;
}

/** Runs every example of the named models, or of all; exit status 1 when one is not as it says. */
export async function testRules(names: string[], options: RulesOptions): Promise<void> {
  const rules = await readRules(options.rules);
  const { examplesOf, runExample } = await import('../check/index.ts');
  const progress = new Progress();
  let count = 0;
  let failed = 0;
  for (const model of modelsNamed(rules, names)) {
    for (const file of examplesOf(options.rules ?? RULES, model.id)) {
      progress.step(relative('.', file));
      const { problem } = await runExample(model.id, file, rules);
      count += 1;
      if (problem === '') continue;
      failed += 1;
      process.stdout.write(`${relative('.', file)}: ${problem}\n`);
    }
  }
  progress.done();
  process.stdout.write(
    `${count} examples, ${failed === 0 ? 'all as they say' : `${failed} not as they say`}\n`,
  );
  process.exitCode = failed === 0 ? EXIT.clean : EXIT.findings;
}

/** Says what is wrong with the named models, or with all; exit status 1 when something is. */
export async function lintRules(names: string[], options: RulesOptions): Promise<void> {
  const rules = await readRules(options.rules);
  const { lintModel } = await import('../check/index.ts');
  const models = modelsNamed(rules, names);
  const lines = models.flatMap((model) =>
    lintModel(model, rules, options.rules ?? RULES).map((problem) => `${model.id}: ${problem}`),
  );
  for (const line of lines) process.stdout.write(`${line}\n`);
  const kinds = `${models.length} models, ${rules.vocabulary.size} functions`;
  process.stdout.write(`${kinds}: ${lines.length === 0 ? 'nothing wrong' : `${lines.length} problems`}\n`);
  process.exitCode = lines.length === 0 ? EXIT.clean : EXIT.findings;
}

function modelsNamed(rules: Rules, names: string[]): HazardModel[] {
  for (const name of names)
    if (!rules.models.some((model) => model.id === name))
      throw new InputError(
        name,
        0,
        `no model has this name; there are ${rules.models.map((model) => model.id).join(', ')}`,
      );
  return rules.models.filter((model) => names.length === 0 || names.includes(model.id));
}

/** Writes a model that works: something to change. */
export async function newModel(id: string, options: RulesOptions): Promise<void> {
  if (!/^[a-z][\w-]*\/[a-z][\w-]*$/.test(id))
    throw new InputError(id, 0, 'a model is called area/name, in small letters');
  const rulesDir = options.rules ?? RULES;
  const dir = join(rulesDir, 'models', id);
  if (existsSync(dir)) throw new InputError(id, 0, `${relative('.', dir)} is there already`);
  const { writeNewModel } = await import('./new-model.ts');
  const files = writeNewModel(dir);
  process.stdout.write(`${files.map((file) => relative('.', file)).join('\n')}\n`);
  process.stdout.write(
    `Try: lockstep models ${id}, lockstep rules test ${id}; see docs/writing-a-model.md\n`,
  );
}
