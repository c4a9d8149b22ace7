/**
 * Does the queued reviews: fetches the mails of a series, has them reviewed, and keeps review and replies in one change
 * with the end of the job. A series that a newer version replaced, or that grew since, is not reviewed.
 */
import { hostname } from 'node:os';
import type { Review } from '../check/index.ts';
import { type PatchSeries, readMails } from '../patch/index.ts';
import type { Job, Store, StoredRecord } from '../store/index.ts';
import { changelogNotes } from './changelog-notes.ts';
import { type Filter, touchesWanted } from './filter.ts';
import { type Head, readHead } from './headers.ts';
import type { Policy } from './policy.ts';
import { followUp, type Reply, type ReviewRecord, replies } from './replies.ts';
import { REVIEW_QUEUE } from './scan.ts';
import { type Member, missingOf, type SeriesRecord, titleOf } from './series-book.ts';
import { openMailSource } from './source.ts';

export interface WorkOptions {
  filter: Filter;
  policy: Policy;
  now(): number;
  /** Reviews a series; `base` says what it was applied to. */
  review(series: PatchSeries): Promise<{ review: Review; base: string }>;
}

export interface Worked {
  series: SeriesRecord;
  outcome: 'reviewed' | 'replaced' | 'not wanted' | 'failed';
  review: Review | null;
  replies: number;
  reason: string;
}

/** Longer than any review takes; a worker that dies on this machine is noticed at once (see `releaseDead`). */
const LEASE = 60 * 60 * 1000;
const ATTEMPTS = 3;
const RETRY = 60 * 1000;

/** What this process is called in the store. */
export function workerName(): string {
  return `${hostname()}:${process.pid}`;
}

/** Gives back the jobs of processes of this machine that are gone. */
export async function releaseDead(store: Store): Promise<void> {
  for (const worker of await store.workers()) {
    const [host, pid] = worker.split(':') as [string, string];
    if (host !== hostname() || isAlive(Number(pid))) continue;
    await store.release(worker);
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

/** Does the next review that is due; null when none is. */
export async function workOne(store: Store, options: WorkOptions): Promise<Worked | null> {
  const now = options.now();
  const job = await store.claim(REVIEW_QUEUE, workerName(), now, now + LEASE);
  if (!job) return null;
  const { series: key, again } = job.body as { series: string; again?: boolean };
  const record = await store.record('series', key);
  const series = record?.body as SeriesRecord;
  const end = (outcome: Worked['outcome'], reason: string): Worked => ({
    series,
    outcome,
    review: null,
    replies: 0,
    reason,
  });
  if (series.supersededBy !== '' && !again) {
    await store.finish(job);
    return end('replaced', `a newer version is there: ${series.supersededBy}`);
  }
  try {
    return await reviewJob(store, job, series, options, again === true);
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]!;
    await store.fail(job, reason, job.attempts < ATTEMPTS ? now + RETRY * job.attempts : null);
    return end('failed', reason);
  }
}

async function reviewJob(
  store: Store,
  job: Job,
  series: SeriesRecord,
  options: WorkOptions,
  again: boolean,
): Promise<Worked> {
  const { mails, heads } = await fetchMails(store, series);
  const read = await readMails(mails);
  for (const n of missingOf(series))
    read.skipped.push({ file: '', reason: `patch ${n} of ${series.total} never came` });
  if (read.patches.length === 0 || !touchesWanted(read, options.filter)) {
    await store.finish(job);
    const reason =
      read.patches.length === 0 ? (read.skipped[0]?.reason ?? 'no patch in it') : 'no file that is wanted';
    return { series, outcome: 'not wanted', review: null, replies: 0, reason };
  }
  const { review, base } = await options.review(read);
  const before = series.supersedes === '' ? null : await store.record('review', series.supersedes);
  const summary = summarize(series, review, base, before);
  const answered = { heads, policy: options.policy, now: new Date(options.now()) };
  const remarks = options.policy.notes ? changelogNotes(read) : [];
  const made = replies(review, read, series.key, remarks, answered);
  const follow = before
    ? followUp(before.body as ReviewRecord, summary, review, read, series.key, answered)
    : null;
  const finished = await store.finish(job, {
    records: [
      {
        kind: 'review',
        key: series.key,
        tag: review.findings.length > 0 ? 'findings' : 'quiet',
        body: summary,
      },
      ...made.map((reply) => replyRecord(reply, reply.answers, again)),
      ...(follow ? [replyRecord(follow, `follow-up ${follow.answers}`, again)] : []),
    ],
  });
  if (!finished)
    return { series, outcome: 'replaced', review: null, replies: 0, reason: 'another worker has it' };
  return { series, outcome: 'reviewed', review, replies: made.length + (follow ? 1 : 0), reason: base };
}

/** A reply that was made before stays as it is, edited or sent. */
function replyRecord(reply: Reply, key: string, again: boolean) {
  return {
    kind: 'reply',
    key,
    tag: reply.recipients.length > 0 ? 'draft' : 'held',
    body: reply,
    keep: !again,
  };
}

function summarize(
  series: SeriesRecord,
  review: Review,
  base: string,
  before: StoredRecord | null,
): ReviewRecord {
  const earlier = (before?.body as ReviewRecord | undefined)?.findings.map((each) => each.id) ?? [];
  const now = new Set(review.findings.map((each) => each.id));
  return {
    series: series.key,
    subject: titleOf(series),
    version: series.version,
    patches: Object.keys(series.members).length,
    base,
    findings: review.findings.map(({ id, patch, file, function: name, title }) => ({
      id,
      patch,
      file,
      function: name,
      title,
    })),
    gone: earlier.filter((id) => !now.has(id)),
    stand: earlier.filter((id) => now.has(id)),
    notes: review.notes,
    skipped: review.skipped,
  };
}

/** The mails of a series as they came, and their heads by message-id. */
export async function fetchMails(
  store: Store,
  series: SeriesRecord,
): Promise<{ mails: { name: string; content: Buffer }[]; heads: Map<string, Head> }> {
  const mails: { name: string; content: Buffer }[] = [];
  const heads = new Map<string, Head>();
  const members = [...(series.cover ? [series.cover] : []), ...Object.values(series.members)];
  for (const member of members) {
    const content = await fetchOne(store, member);
    const head = readHead(content);
    if (!('refused' in head)) heads.set(member.id, head);
    mails.push({ name: `<${member.id}>`, content });
  }
  return { mails, heads };
}

async function fetchOne(store: Store, member: Member): Promise<Buffer> {
  if (member.where === 'kept') {
    const kept = await store.record('text', member.id);
    if (!kept) throw new Error(`the text of ${member.id} is gone`);
    return Buffer.from(kept.body as string, 'latin1');
  }
  const space = member.where.indexOf(' ');
  const [mail] = await openMailSource(member.where.slice(space + 1)).fetch([member.where.slice(0, space)]);
  return mail!;
}
