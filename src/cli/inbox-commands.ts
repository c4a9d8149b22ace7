/** The arguments of `lockstep inbox` and its commands. */
import { type Command, Option } from 'commander';
import type { ScanCommandOptions, StoreOptions } from './inbox.ts';

const many = (value: string, before: string[]) => [...before, value];

/** Adds `inbox` to the command line. */
export function addInboxCommands(lockstep: Command): void {
  const inbox = lockstep
    .command('inbox')
    .description('review what comes in on mailing lists; replies are written to an outbox');

  scanning(inbox.command('once').description('read what is new, review what is due, and end'))
    .addHelpText('after', EXAMPLES)
    .action(async (sources: string[], options: ScanCommandOptions) =>
      (await import('./inbox.ts')).inboxRun(sources, options, false),
    );

  scanning(inbox.command('follow').description('the same, again and again, until stopped'))
    .addHelpText('after', EXAMPLES)
    .action(async (sources: string[], options: ScanCommandOptions) =>
      (await import('./inbox.ts')).inboxRun(sources, options, true),
    );

  stored(inbox.command('status').description('how much was read, reviewed and written')).action(
    async (options: StoreOptions) =>
      withStore(options, async (store) => (await import('./inbox-print.ts')).printStatus(store)),
  );

  stored(inbox.command('show').description('a series, its review and its replies'))
    .argument('<message-id>', 'of any of its mails')
    .action(async (id: string, options: StoreOptions) =>
      withStore(options, async (store) => (await import('./inbox-print.ts')).printSeries(store, id)),
    );

  stored(inbox.command('redo').description('review a series once more, at the next reading'))
    .argument('<message-id>', 'of any of its mails')
    .action(async (id: string, options: StoreOptions) =>
      withStore(options, async (store) => {
        const key = await (await import('./inbox-print.ts')).queueAgain(store, id);
        process.stdout.write(`queued <${key}>\n`);
      }),
    );

  stored(inbox.command('send').description('send replies from the outbox, as the policy allows'))
    .argument('[reply...]', 'files of the outbox or message-ids; all without')
    .option('--dry-run', 'say what would be sent', false)
    .option('--again', 'send also those of which it is not known whether they were sent', false)
    .action(async (only: string[], options: StoreOptions & { again: boolean; dryRun: boolean }) =>
      (await import('./inbox.ts')).inboxSend(only, options),
    );
}

async function withStore(
  options: StoreOptions,
  body: (store: import('../store/index.ts').Store) => Promise<void>,
): Promise<void> {
  const store = await (await import('./inbox.ts')).open(options);
  try {
    await body(store);
  } finally {
    await store.close();
  }
}

function stored(command: Command): Command {
  return command
    .option('--dir <dir>', 'where the store and the outbox are', '.lockstep')
    .option('--store <file|url>', 'another SQLite file, or a postgres: address (also DATABASE_URL)')
    .option('--policy <file>', 'who gets mail, and when');
}

function scanning(command: Command): Command {
  return stored(
    command.argument('<source...>', 'public-inbox archives, mailboxes, Maildirs, or - for standard input'),
  )
    .option('--git <repository>', 'where patches apply; base-commit is used when it is there')
    .option('--branch <name>', 'a branch to try, again for more; the newest that fits is taken', many, [])
    .addOption(new Option('--tree <dir>', 'a source tree instead of a repository').conflicts('git'))
    .option('--since <date>', 'review only what is as new as this (default: a week ago)')
    .option('--until <date>', 'and older than this (once)')
    .option('--path <glob>', 'review only series that touch such a file', many, [])
    .option('--list <address>', 'only what was sent to this list', many, [])
    .option('--author <address>', 'only from this sender', many, [])
    .option('--subject <regexp>', 'only with such a subject', many, [])
    .option('--settle <time>', 'how long to wait for a late cover letter', '10m')
    .option('--patience <time>', 'how long to wait for patches that are missing', '2h')
    .option('--every <time>', 'how often to look for new mail (follow)', '1m')
    .option('--no-review', 'only read and sort')
    .option('--send', 'send what is written, as the policy allows', false);
}

const EXAMPLES = `
Examples:
  lockstep inbox once --git ~/linux --branch mm-unstable --branch master ~/lists/linux-mm
  lockstep inbox once --since 2023-01-09 --until 2023-01-11 --subject 'Per-VMA locks' ~/lists/linuxppc-dev
  lockstep inbox follow --tree ~/linux --path 'mm/**' ~/Maildir
  lockstep inbox show 20230109205336.3665937-1-surenb@google.com
  lockstep inbox send --policy policy.yml --dry-run`;
