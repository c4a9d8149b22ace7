/**
 * Reads what is new in a source: sorts every mail, puts patches together to series, and queues a review for each series
 * that stands. What a batch of mails leads to is one change of the store, cursor included, so that a crash or a
 * second worker can neither lose a mail nor handle it twice.
 */
import { createHash } from 'node:crypto';
import type { Change, NewRecord, Store } from '../store/index.ts';
import { type Disposition, type Sorted, sortMail } from './classify.ts';
import { type Filter, unwanted } from './filter.ts';
import { isComplete, OPEN, SeriesBook, type SeriesRecord } from './series-book.ts';
import type { Incoming, MailSource } from './source.ts';

export interface ScanOptions {
  filter: Filter;
  /** Addresses of Lockstep itself. */
  own: ReadonlySet<string>;
  /** How long to wait for a late cover letter, and for missing patches, after the last mail; milliseconds. */
  settle: number;
  patience: number;
  now(): number;
  progress?(mails: number, of: number | null): void;
}

export interface ScanResult {
  mails: number;
  duplicates: number;
  counts: Map<Disposition, number>;
}

/** Kept with each mail. */
export interface MailRecord {
  source: string;
  series?: string;
  reason?: string;
}

export const REVIEW_QUEUE = 'review';
/** Moves with every change of the book, so that two workers cannot put series together from different pasts. */
const BOOK = 'inbox/book';
const BATCH_MAILS = 500;
const BATCH_BYTES = 4 * 1024 * 1024;

export class Scanner {
  readonly #store: Store;
  #book = new SeriesBook();
  /** The BOOK cursor that the book was made with. */
  #edition: string | null | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads a source to its end. */
  async scan(source: MailSource, options: ScanOptions): Promise<ScanResult> {
    const result: ScanResult = { mails: 0, duplicates: 0, counts: new Map() };
    // Another worker's change in between: begin again where the cursor then is.
    while (!(await this.#pass(source, options, result)));
    return result;
  }

  async #pass(source: MailSource, options: ScanOptions, result: ScanResult): Promise<boolean> {
    await this.#takeUpBook();
    const name = `source/${source.name}`;
    const kind = `mark ${source.name}`;
    let cursor = await this.#store.cursor(name);
    const of = options.progress ? await source.count(cursor) : null;
    let batch: Incoming[] = [];
    let bytes = 0;
    const flush = async () => {
      if (batch.length === 0) return true;
      const to = batch.at(-1)!.cursor;
      const made = await this.#handle(
        source,
        kind,
        batch,
        to === null ? null : { name, from: cursor, to },
        options,
        result,
      );
      if (!made) return false;
      if (to !== null) cursor = to;
      batch = [];
      bytes = 0;
      options.progress?.(result.mails, of === null ? null : Math.max(of, result.mails));
      return true;
    };
    for await (const mail of source.read(cursor, (marks) => this.#store.known(kind, marks))) {
      batch.push(mail);
      bytes += mail.mail?.length ?? 0;
      if ((batch.length >= BATCH_MAILS || bytes >= BATCH_BYTES) && !(await flush()))
        return this.#mayRepeat(source);
    }
    return (await flush()) || this.#mayRepeat(source);
  }

  /** Standard input cannot be read twice: its batches are made again instead (see #handle). */
  #mayRepeat(_source: MailSource): boolean {
    this.#edition = undefined;
    return false;
  }

  async #takeUpBook(): Promise<void> {
    const edition = await this.#store.cursor(BOOK);
    if (edition === this.#edition) return;
    this.#book = new SeriesBook();
    const records = await this.#store.records('series', { limit: OPEN.series + OPEN.lone });
    this.#book.load(records.reverse().map((record) => record.body as SeriesRecord));
    this.#edition = edition;
  }

  async #handle(
    source: MailSource,
    kind: string,
    batch: Incoming[],
    cursor: { name: string; from: string | null; to: string } | null,
    options: ScanOptions,
    result: ScanResult,
  ): Promise<boolean> {
    const sorted = batch.map((incoming) => ({ incoming, ...sort(incoming, options) }));
    for (;;) {
      const handled = await this.#known(sorted.map((each) => each.key));
      const counts = new Map<Disposition, number>();
      let duplicates = 0;
      const change: Required<Change> = { cursors: [], records: [], jobs: [], cancel: [] };
      for (const { incoming, key, head, disposition, reason } of sorted) {
        if (incoming.mark !== '') change.records.push({ kind, key: incoming.mark, body: 0 });
        if (handled.has(key)) {
          duplicates++;
          continue;
        }
        handled.add(key);
        counts.set(disposition, (counts.get(disposition) ?? 0) + 1);
        const body: MailRecord = { source: source.name };
        if (reason !== '') body.reason = reason;
        if (head && (disposition === 'patch' || disposition === 'cover' || disposition === 'inline')) {
          const where = incoming.where === '' ? 'kept' : `${incoming.where} ${source.name}`;
          const series = this.#book.add(
            head,
            key,
            where,
            incoming.arrived ?? head.date ?? options.now(),
            disposition === 'inline',
          );
          body.series = series.key;
          if (where === 'kept') change.records.push(keptText(key, incoming.mail!));
        }
        change.records.push({ kind: 'mail', key, tag: disposition, body });
      }
      for (const series of this.#book.takeChanged()) {
        schedule(series, options, change);
        change.records.push({ kind: 'series', key: series.key, tag: series.author, body: series });
      }
      const edition = this.#edition ?? null;
      const next = String(Number(edition ?? 0) + 1);
      change.cursors.push({ name: BOOK, from: edition, to: next });
      if (cursor) change.cursors.push(cursor);
      if (await this.#store.commit(change)) {
        this.#edition = next;
        result.mails += batch.length;
        result.duplicates += duplicates;
        for (const [each, n] of counts) result.counts.set(each, (result.counts.get(each) ?? 0) + n);
        return true;
      }
      this.#edition = undefined;
      if (cursor) return false;
      // Without a cursor nothing says where to go on, so the same mails are handled in the light of what changed.
      await this.#takeUpBook();
    }
  }

  #known(keys: string[]): Promise<Set<string>> {
    return this.#store.known('mail', keys);
  }
}

function sort(incoming: Incoming, options: ScanOptions): Sorted & { key: string } {
  if (incoming.mail === null)
    return { disposition: 'deleted', reason: '', head: null, key: `deleted ${incoming.cursor}` };
  const sorted = sortMail(incoming.mail, options.own);
  const { head } = sorted;
  const key = head?.messageId || `no id, ${incoming.where || incoming.mark || fingerprint(incoming.mail)}`;
  const arrived = incoming.arrived ?? head?.date ?? 0;
  const reason = head && isPatchLike(sorted.disposition) ? unwanted(head, arrived, options.filter) : '';
  return reason === '' ? { ...sorted, key } : { disposition: 'filtered', reason, head, key };
}

function isPatchLike(disposition: Disposition): boolean {
  return disposition === 'patch' || disposition === 'cover' || disposition === 'inline';
}

/** The text of a mail that its source will not have any more. */
function keptText(key: string, mail: Buffer): NewRecord {
  return { kind: 'text', key, body: mail.toString('latin1') };
}

/** Queues the review of a series as it now stands, in the place of the one that was queued before. */
function schedule(series: SeriesRecord, options: ScanOptions, change: Required<Change>): void {
  if (series.job !== '') change.cancel.push({ queue: REVIEW_QUEUE, key: series.job });
  const members = Object.keys(series.members).length;
  const { since } = options.filter;
  const wanted = since === null || series.newest >= since;
  if (members === 0 || series.supersededBy !== '' || !wanted) return;
  const wait = !isComplete(series)
    ? options.patience
    : series.total > 1 && !series.cover
      ? options.settle
      : 0;
  series.job = `${series.key} ${members}${series.cover ? '+cover' : ''}`;
  change.jobs.push({
    queue: REVIEW_QUEUE,
    key: series.job,
    body: { series: series.key },
    runAt: Math.min(series.newest, options.now()) + wait,
  });
}

/** Tells mails without a Message-ID apart. */
function fingerprint(mail: Buffer): string {
  return createHash('sha1').update(mail).digest('hex');
}
