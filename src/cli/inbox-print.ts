/** What `lockstep inbox` prints: progress on a terminal, and what became of mails, series and replies. */
import {
  isComplete,
  type MailRecord,
  missingOf,
  REVIEW_QUEUE,
  type Reply,
  type ReviewRecord,
  type ScanResult,
  type SeriesRecord,
  titleOf,
  type Worked,
} from '../inbox/index.ts';
import { InputError } from '../patch/index.ts';
import type { Store } from '../store/index.ts';

/** A line that is written over while a source is read; null when nobody looks. */
export function progressLine(
  name: string,
): { show(mails: number, of: number | null): void; clear(): void } | null {
  if (!process.stderr.isTTY) return null;
  let last = 0;
  return {
    show(mails, of) {
      if (Date.now() - last < 200) return;
      last = Date.now();
      process.stderr.write(`\r\x1b[K${name}: ${mails}${of === null ? '' : ` of ${of}`} mails`);
    },
    clear: () => process.stderr.write('\r\x1b[K'),
  };
}

export function printScan(name: string, { mails, duplicates, counts }: ScanResult): void {
  const said = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, n]) => `${n} ${what}`);
  if (duplicates > 0) said.push(`${duplicates} known already`);
  process.stdout.write(`${name}: ${mails === 0 ? 'nothing new' : `${mails} mails: ${said.join(', ')}`}\n`);
}

export function printWorked({ series, outcome, review, replies, reason }: Worked): void {
  const name = `v${series.version} ${titleOf(series)}`;
  if (outcome !== 'reviewed' || !review) {
    process.stdout.write(`${outcome}: ${name}${reason === '' ? '' : `: ${reason}`}\n`);
    return;
  }
  const found =
    review.findings.length === 0
      ? 'nothing to report'
      : `${review.findings.length} findings, ${replies} replies`;
  process.stdout.write(`reviewed: ${name}: ${found}\n`);
}

/** Mails, series, reviews and replies in numbers. */
export async function printStatus(store: Store): Promise<void> {
  const lines: string[] = [];
  for (const [name, cursor] of await store.cursors('source/'))
    lines.push(`source ${name.slice('source/'.length)}: read to ${cursor}`);
  lines.push(`mails: ${tally(await store.count('mail'))}`);
  let numbered = 0;
  let complete = 0;
  let all = 0;
  for (const { body } of await store.records('series')) {
    const series = body as SeriesRecord;
    all++;
    if (series.total < 2) continue;
    numbered++;
    if (isComplete(series)) complete++;
  }
  const share = numbered === 0 ? '' : ` (${((complete / numbered) * 100).toFixed(1)} %)`;
  lines.push(`series: ${all}, of them ${numbered} of several patches, ${complete} complete${share}`);
  lines.push(
    `reviews: ${tally(await store.count('review'))}`,
    `queue: ${tally(await store.jobs(REVIEW_QUEUE))}`,
  );
  lines.push(`replies: ${tally(await store.count('reply'))}`);
  for (const { body } of await store.records('reply', { tag: 'sending' }))
    lines.push(
      `unknown whether it was sent: ${(body as Reply).file}; send --again ${(body as Reply).file} sends it`,
    );
  process.stdout.write(`${lines.join('\n')}\n`);
}

function tally(counts: Map<string, number>): string {
  if (counts.size === 0) return 'none';
  return [...counts].map(([what, n]) => `${n} ${what || 'plain'}`).join(', ');
}

/** A series by the message-id of any of its mails: its mails, review, and replies. */
export async function printSeries(store: Store, id: string): Promise<void> {
  const bare = id.replace(/^<|>$/g, '');
  const mail = await store.record('mail', bare);
  if (!mail) throw new InputError(id, 0, 'no mail of that message-id was read');
  const { series: key, reason, source } = mail.body as MailRecord;
  const lines = [`${bare}: ${mail.tag}${reason ? `: ${reason}` : ''} (${source})`];
  const series = key === undefined ? null : ((await store.record('series', key))?.body as SeriesRecord);
  if (series) lines.push(...describe(series));
  const review =
    key === undefined ? null : ((await store.record('review', key))?.body as ReviewRecord | undefined);
  if (review) {
    lines.push(
      '',
      `reviewed${review.base === '' ? '' : ` on ${review.base}`}: ${review.findings.length} findings`,
    );
    for (const each of review.findings) lines.push(`  ${each.patch}: ${each.file}: ${each.title}`);
    for (const { id: gone } of review.gone.map((each) => ({ id: each })))
      lines.push(`  gone since the last version: ${gone}`);
    for (const note of review.notes) lines.push(`  note: ${note}`);
    for (const skipped of review.skipped)
      lines.push(`  skipped: ${skipped.file === '' ? '' : `${skipped.file}: `}${skipped.reason}`);
  }
  const ids = series ? [series.cover?.id, ...Object.values(series.members).map((member) => member.id)] : [];
  for (const each of ids) {
    const reply = each === undefined ? null : await store.record('reply', each);
    if (!reply) continue;
    const { file, note, text } = reply.body as Reply;
    lines.push('', `${file} (${reply.tag}${note === '' ? '' : `: ${note}`})`, '', text.trimEnd());
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

function describe(series: SeriesRecord): string[] {
  const missing = missingOf(series);
  const lines = [
    `v${series.version} ${titleOf(series)}, by ${series.authorName || series.author}: ${series.total} patches`,
  ];
  if (series.cover) lines.push(`  0 <${series.cover.id}> ${series.cover.title}`);
  for (const [index, member] of Object.entries(series.members))
    lines.push(`  ${index} <${member.id}> ${member.title}`);
  if (missing.length > 0) lines.push(`  not there: ${missing.join(', ')}`);
  if (series.supersededBy !== '') lines.push(`  replaced by <${series.supersededBy}>`);
  if (series.supersedes !== '') lines.push(`  replaces <${series.supersedes}>`);
  return lines;
}

/** Queues a series for review again; its replies that are not sent are written anew. */
export async function queueAgain(store: Store, id: string): Promise<string> {
  const bare = id.replace(/^<|>$/g, '');
  const mail = await store.record('mail', bare);
  const key = (mail?.body as MailRecord | undefined)?.series;
  if (key === undefined) throw new InputError(id, 0, 'no series with that message-id was read');
  const now = Date.now();
  await store.commit({
    jobs: [
      { queue: REVIEW_QUEUE, key: `${key} again ${now}`, body: { series: key, again: true }, runAt: now },
    ],
  });
  return key;
}
