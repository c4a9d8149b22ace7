/** The command line: which commands there are, what they take, and how they end. Commands are files of their own. */
import { Command, CommanderError, Option } from 'commander';
import { FORMATS } from '../report/index.ts';
import { type CheckOptions, CONFIDENCES, check } from './check.ts';
import { EXIT, reportError } from './exit.ts';
import { addInboxCommands } from './inbox-commands.ts';
import type { IndexOptions } from './index-tree.ts';
import { addModelCommands } from './model-commands.ts';
import type { ParseOptions } from './parse.ts';
import { type ReplayOptions, replay } from './replay.ts';
import { VERSION } from './version.ts';

/** Runs `argv` and sets the exit status; never throws. */
export async function main(argv: string[]): Promise<void> {
  process.stdout.on('error', closeQuietly);
  process.stderr.on('error', closeQuietly);
  try {
    await program().parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.clean : EXIT.badInput;
    else reportError(error);
  }
}

/** The reader went away (`lockstep … | head`): stop without a word. */
function closeQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}

function program(): Command {
  const lockstep = new Command('lockstep')
    .description('Reviews Linux mm patches: each finding comes with the schedule that proves it.')
    .version(VERSION)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'lockstep: ')) })
    .exitOverride();

  lockstep
    .command('check')
    .description('review patches, mails or mailboxes')
    .argument('<file...>', 'files to read as one series; - is standard input')
    .option(
      '--tree <dir>',
      'source tree the patches apply to, or are applied in; without it only hunks are seen',
    )
    .option(
      '--config <file>',
      'kernel configuration (.config) of the tree; without it, nearly everything is on',
    )
    .addOption(
      new Option('--git <repository>', 'find the commit they apply to in a git repository').conflicts('tree'),
    )
    .option(
      '--branch <name>',
      'with --git: a branch to try, again for more (default: HEAD)',
      (value: string, before: string[] = []) => [...before, value],
    )
    .addOption(new Option('--format <format>', 'how to print the review').choices(FORMATS).default('text'))
    .addOption(
      new Option('--fail-on <confidence>', 'the least sure finding that gives exit status 1')
        .choices(CONFIDENCES)
        .default('likely'),
    )
    .addHelpText(
      'after',
      `
Exit status: 0 nothing to report, 1 findings, 2 bad input or usage, 3 internal error.

Examples:
  lockstep check 0001-mm-fix-a-leak.patch
  lockstep check --tree ~/linux series.mbox
  git format-patch -3 --stdout | lockstep check --tree . -
  lockstep check --git ~/linux --branch mm-unstable series.mbox
  lockstep check --format mail message.eml > reply.eml`,
    )
    .action((files: string[], options: CheckOptions) => check(files, options));

  lockstep
    .command('replay')
    .description('show the schedule of a finding again')
    .argument('<token>', 'the token printed with the finding')
    .argument(
      '[file...]',
      'the files it was found in; without them, what an earlier check on this machine kept',
    )
    .option('--tree <dir>', 'the source tree it was found with')
    .option('--config <file>', 'the configuration it was found with')
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  lockstep replay TOKEN
  lockstep replay TOKEN 0001-mm-fix-a-leak.patch
  lockstep replay TOKEN --tree ~/linux series.mbox`,
    )
    .action((token: string, files: string[], options: ReplayOptions) => replay(token, files, options));

  lockstep
    .command('parse')
    .description('show what is understood of a file or a function')
    .argument(
      '<what...>',
      'a file, FILE:FUNCTION, or a function of the tree; with --stats files, directories or patterns',
    )
    .option(
      '--tree <dir>',
      'the source tree: files are looked for there first, callees and types are found in it',
    )
    .option('--config <file>', 'kernel configuration (.config); without it, nearly everything is on')
    .option('--ops', 'the operations that matter: locks, references, RCU, lifetimes, sleeping')
    .option('--cfg', 'the control-flow graph')
    .option('--summary', 'what callers see: each way in which the function returns')
    .option('--stats', 'how many functions and statements were understood')
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  lockstep parse mm/mempolicy.c
  lockstep parse --tree ~/linux --ops do_mbind
  lockstep parse --tree ~/linux --summary mm/mempolicy.c:get_task_policy
  lockstep parse --tree ~/linux --stats mm kernel 'fs/hugetlbfs/*.c'`,
    )
    .action(async (what: string[], options: ParseOptions) =>
      (await import('./parse.ts')).parse(what, options),
    );

  lockstep
    .command('index')
    .description('index a source tree now, so that the first review of it need not')
    .option('--tree <dir>', 'the source tree', '.')
    .option('--config <file>', 'kernel configuration (.config) that reviews will be given')
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      `
Examples:
  lockstep index --tree ~/linux`,
    )
    .action(async (options: IndexOptions) => (await import('./index-tree.ts')).indexTree(options));

  addModelCommands(lockstep);
  addInboxCommands(lockstep);

  return lockstep;
}
