/**
 * `lockstep inbox`: reads mailing lists, reviews what is new, and keeps replies in an outbox. This file runs the commands;
 * inbox-commands.ts says what they take, inbox-print.ts what they print.
 */
import { join, resolve } from 'node:path';
import {
  addressOf,
  DEFAULT_POLICY,
  EVERYTHING,
  type Filter,
  type MailSource,
  openMailSource,
  type Policy,
  readPolicy,
  releaseDead,
  Scanner,
  sendReplies,
  type WorkOptions,
  workOne,
  writeOutbox,
} from '../inbox/index.ts';
import { InputError, type PatchSeries } from '../patch/index.ts';
import { openGitSource, openSource } from '../source/index.ts';
import { openStore, type Store } from '../store/index.ts';
import { runReview } from './engine.ts';
import { printScan, printWorked, progressLine } from './inbox-print.ts';

export interface StoreOptions {
  dir: string;
  store?: string;
  policy?: string;
}

export interface ScanCommandOptions extends StoreOptions {
  git?: string;
  branch: string[];
  tree?: string;
  since?: string;
  until?: string;
  path: string[];
  list: string[];
  author: string[];
  subject: string[];
  settle: string;
  patience: string;
  every: string;
  review: boolean;
  send: boolean;
}

/** Reads the sources to their end, reviews what is due, and ends; with `follow`, goes on until it is stopped. */
export async function inboxRun(names: string[], options: ScanCommandOptions, follow: boolean): Promise<void> {
  const policy = policyOf(options);
  const filter = filterOf(options, follow);
  const timing = {
    settle: duration(options.settle, '--settle'),
    patience: duration(options.patience, '--patience'),
  };
  const every = duration(options.every, '--every');
  const sources = names.map(openMailSource);
  const store = await open(options);
  const stop = stopSignal();
  try {
    await releaseDead(store);
    const scanner = new Scanner(store);
    const work = workOptions(options, policy, filter);
    for (;;) {
      for (const source of sources) {
        if (stop.asked) break;
        await scan(scanner, source, { ...timing, filter, policy, quiet: follow });
      }
      while (options.review && !stop.asked) {
        const worked = await workOne(store, work);
        await writeOutbox(store, outboxOf(options));
        if (!worked) break;
        printWorked(worked);
      }
      if (options.send && !stop.asked) await sendQuietly(store, options, policy);
      if (!follow || stop.asked) break;
      await stop.wait(every);
      await releaseDead(store);
    }
  } finally {
    stop.forget();
    await store.close();
  }
}

async function scan(
  scanner: Scanner,
  source: MailSource,
  options: { filter: Filter; policy: Policy; settle: number; patience: number; quiet: boolean },
): Promise<void> {
  const progress = progressLine(source.name);
  const result = await scanner.scan(source, {
    filter: options.filter,
    own: new Set(options.policy.from ? [addressOf(options.policy.from)] : []),
    settle: options.settle,
    patience: options.patience,
    now: Date.now,
    ...(progress ? { progress: progress.show } : {}),
  });
  progress?.clear();
  if (!options.quiet || result.mails > 0) printScan(source.name, result);
}

function workOptions(options: ScanCommandOptions, policy: Policy, filter: Filter): WorkOptions {
  return { policy, filter, now: Date.now, review: (series) => review(series, options) };
}

async function review(series: PatchSeries, options: ScanCommandOptions) {
  if (options.git !== undefined) {
    const branches = options.branch.length > 0 ? options.branch : ['HEAD'];
    const { source, base, close } = openGitSource(options.git, branches, series);
    try {
      const { review } = await runReview(series, source);
      const notes = base.note === '' ? review.notes : [base.note, ...review.notes];
      return { review: { ...review, notes }, base: base.name };
    } finally {
      close();
    }
  }
  const source = openSource(options.tree === undefined ? { series } : { tree: options.tree, series });
  const { review } = await runReview(series, source);
  return { review, base: options.tree ?? '' };
}

/** Follows on when the server or the hour says no: the next round tries again. */
async function sendQuietly(store: Store, options: StoreOptions, policy: Policy): Promise<void> {
  try {
    const results = await sendReplies(store, sendOptions(options, policy, [], false, false));
    for (const { reply, outcome, reason } of results)
      if (outcome === 'sent') process.stdout.write(`sent ${reply.file} to ${reason}\n`);
  } catch (error) {
    if (!(error instanceof InputError) || !/quiet hours/.test(error.message)) throw error;
  }
}

export async function inboxSend(
  only: string[],
  options: StoreOptions & { again: boolean; dryRun: boolean },
): Promise<void> {
  const policy = policyOf(options);
  const store = await open(options);
  try {
    const results = await sendReplies(
      store,
      sendOptions(options, policy, only, options.again, options.dryRun),
    );
    for (const { reply, outcome, reason } of results)
      process.stdout.write(`${reply.file}: ${outcome}${reason === '' ? '' : `: ${reason}`}\n`);
    if (results.length === 0) process.stdout.write('nothing to send\n');
  } finally {
    await store.close();
  }
}

function sendOptions(options: StoreOptions, policy: Policy, only: string[], again: boolean, dryRun: boolean) {
  return { outbox: outboxOf(options), policy, now: new Date(), only, again, dryRun };
}

/** The store of a directory of Lockstep's: its file, or the database that the environment names. */
export async function open(options: StoreOptions): Promise<Store> {
  const place = options.store ?? process.env.DATABASE_URL ?? join(resolve(options.dir), 'lockstep.db');
  try {
    return await openStore(place);
  } catch (error) {
    const shown = place.replace(/\/\/[^@/]*@/, '//');
    throw new InputError(shown, 0, (error as Error).message.split('\n')[0] || 'cannot be opened');
  }
}

export function outboxOf(options: StoreOptions): string {
  return join(resolve(options.dir), 'outbox');
}

export function policyOf(options: StoreOptions): Policy {
  return options.policy === undefined ? DEFAULT_POLICY : readPolicy(options.policy);
}

function filterOf(options: ScanCommandOptions, follow: boolean): Filter {
  const since = options.since === undefined ? Date.now() - 7 * 24 * 3600_000 : date(options.since, '--since');
  return {
    ...EVERYTHING,
    paths: options.path,
    lists: options.list,
    authors: options.author,
    subjects: options.subject.map(pattern),
    since,
    until: options.until === undefined || follow ? null : date(options.until, '--until'),
  };
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text, 'i');
  } catch {
    throw new InputError('--subject', 0, `no regular expression: ${text}`);
  }
}

function date(text: string, option: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new InputError(option, 0, `no date: ${text}; expected 2026-01-31`);
  return time;
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3600_000, d: 24 * 3600_000 };

function duration(text: string, option: string): number {
  const match = /^(\d+)([smhd])$/.exec(text);
  if (!match) throw new InputError(option, 0, `no duration: ${text}; expected 30s, 10m, 2h or 1d`);
  return Number(match[1]) * UNITS[match[2]!]!;
}

/** Ends between two steps when asked to: what was begun is finished. */
function stopSignal() {
  let wake = () => {};
  const stop = {
    asked: false,
    forget: () => {
      process.off('SIGINT', ask);
      process.off('SIGTERM', ask);
    },
    wait: (ms: number) =>
      new Promise<void>((done) => {
        if (stop.asked) return done();
        const timer = setTimeout(done, ms);
        wake = () => {
          clearTimeout(timer);
          done();
        };
      }),
  };
  const ask = () => {
    stop.asked = true;
    wake();
  };
  process.on('SIGINT', ask);
  process.on('SIGTERM', ask);
  return stop;
}
