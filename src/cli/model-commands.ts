/** The commands about hazard models and rules: what they take. What they do is in files of their own. */
import { type Command, Option } from 'commander';
import type { CostOptionsOfCommand } from './cost.ts';
import type { ExplainOptions } from './explain.ts';
import type { ModelsOptions } from './models.ts';
import type { RulesOptions } from './rules.ts';

const RULES_OPTION = [
  '--rules <dir>',
  'a rules directory in place of the one that comes with Lockstep',
] as const;

export function addModelCommands(lockstep: Command): void {
  lockstep
    .command('models')
    .description('the hazard models and their designs, each with its verdict')
    .argument('[id...]', 'models, areas or designs; without them, all')
    .option('--design <design>', 'only this design')
    .option(...RULES_OPTION)
    .addOption(
      new Option('--format <format>', 'how to print it')
        .choices(['text', 'json', 'markdown'])
        .default('text'),
    )
    .addHelpText(
      'after',
      `
Every verdict comes from exploring all interleavings of the design, now.

Examples:
  lockstep models
  lockstep models mempolicy
  lockstep models --design A4 --format json`,
    )
    .action(async (ids: string[], options: ModelsOptions) =>
      (await import('./models.ts')).models(ids, options),
    );

  lockstep
    .command('explain')
    .description('a model, a design or a class of hazard, on one screen')
    .argument('<name>', 'a model, a design, or a class such as lock-lifetime')
    .option(...RULES_OPTION)
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  lockstep explain mempolicy/task-policy
  lockstep explain D1u
  lockstep explain use-after-put`,
    )
    .action(async (name: string, options: ExplainOptions) =>
      (await import('./explain.ts')).explainName(name, options),
    );

  lockstep
    .command('cost')
    .description('what designs cost for one use, by number of CPUs')
    .argument('<name...>', 'models, areas or designs')
    .option('--cpus <list>', 'numbers of CPUs, up to 64', '1,2,4,8,16,32,64')
    .option(...RULES_OPTION)
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Counts are those of a simulated cache protocol and of simulated locks, not times.

Examples:
  lockstep cost mempolicy
  lockstep cost A3 A4 B0 B7 --cpus 1,2,4,8
  lockstep cost D5`,
    )
    .action(async (names: string[], options: CostOptionsOfCommand) =>
      (await import('./cost.ts')).cost(names, options),
    );

  const rules = lockstep
    .command('rules')
    .description('work on rules: their examples, their form, a new model');
  rules
    .command('test')
    .description('run the examples of models')
    .argument('[model...]', 'models; without them, all')
    .option(...RULES_OPTION)
    .action(async (names: string[], options: RulesOptions) =>
      (await import('./rules.ts')).testRules(names, options),
    );
  rules
    .command('lint')
    .description('say what is wrong with rules although they can be read')
    .argument('[model...]', 'models; without them, all')
    .option(...RULES_OPTION)
    .action(async (names: string[], options: RulesOptions) =>
      (await import('./rules.ts')).lintRules(names, options),
    );
  rules
    .command('new')
    .description('write a small model that works, to be changed')
    .argument('<model>', 'area/name')
    .option(...RULES_OPTION)
    .action(async (id: string, options: RulesOptions) => (await import('./rules.ts')).newModel(id, options));
}
