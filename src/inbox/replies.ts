/**
 * Turns a review into replies ready to be sent: one for each patch with findings, and one below a new version's cover
 * letter that says what became of what was found in the last. Decides nothing about sending.
 */
import { createHash } from 'node:crypto';
import type { Finding, Review } from '../check/index.ts';
import type { Patch, PatchSeries } from '../patch/index.ts';
import { headerAddress, replyTo } from '../report/index.ts';
import type { Head } from './headers.ts';
import { type Policy, recipients } from './policy.ts';

/** A reply as the store keeps it; its tag is its state. */
export interface Reply {
  /** Message-id of the mail that is answered. */
  answers: string;
  series: string;
  messageId: string;
  subject: string;
  /** Addresses; none when policy lets nobody have it. */
  recipients: string[];
  /** Name of the file in the outbox. */
  file: string;
  text: string;
  findings: string[];
  /** Why it was not sent, or when it was. */
  note: string;
  /** Milliseconds since 1970; 0 while it is not sent. */
  sentAt: number;
}

/** draft: may be sent; written for nobody: held; sending: handed to the server, outcome unknown. */
export type ReplyState = 'draft' | 'held' | 'sending' | 'sent' | 'withdrawn';

/** What is kept of a review. */
export interface ReviewRecord {
  series: string;
  subject: string;
  version: number;
  patches: number;
  base: string;
  findings: { id: string; patch: number; file: string; function: string; title: string }[];
  /** Of the version before: gone now, and still there. */
  gone: string[];
  stand: string[];
  notes: string[];
  skipped: { file: string; reason: string }[];
}

export interface Answered {
  /** The mails of the series by message-id. */
  heads: Map<string, Head>;
  policy: Policy;
  now: Date;
}

/** The replies to the patches of a series. */
export function replies(
  review: Review,
  series: PatchSeries,
  key: string,
  remarks: string[],
  around: Answered,
): Reply[] {
  const made: Reply[] = [];
  for (const patch of series.patches) {
    const findings = review.findings.filter((finding) => finding.patch === patch.index);
    const head = around.heads.get(patch.messageId);
    if (findings.length === 0 || !head) continue;
    const options = { headers: [], remarks: made.length === 0 ? remarks : [] };
    // The mail is the sender's, whoever wrote the patch.
    const sent = { ...patch, from: headerAddress(head.from.name, head.from.address) };
    const text = (headers: string[]) => replyTo(review, series, sent, { ...options, headers });
    made.push(compose(text, patch.messageId, head, patch.from, patch.fullSubject, key, findings, around));
  }
  return made;
}

/** What became of the findings of the version before; null when there were none. */
export function followUp(
  before: ReviewRecord,
  now: ReviewRecord,
  review: Review,
  series: PatchSeries,
  key: string,
  around: Answered,
): Reply | null {
  const answers = around.heads.has(series.messageId) ? series.messageId : series.patches[0]?.messageId;
  const head = answers === undefined ? undefined : around.heads.get(answers);
  if (!head || answers === undefined || before.findings.length === 0) return null;
  const describe = (ids: string[]) =>
    before.findings.filter((each) => ids.includes(each.id)).map((each) => `  ${each.file}: ${each.title}`);
  const lines: string[] = [];
  if (now.gone.length > 0) lines.push(`Gone since v${before.version}:`, '', ...describe(now.gone), '');
  if (now.stand.length > 0)
    lines.push(`Still there since v${before.version}:`, '', ...describe(now.stand), '');
  const first = series.patches[0]!;
  const asPatch: Patch = {
    ...first,
    messageId: answers,
    references: head.references,
    fullSubject: head.subject,
    from: headerAddress(head.from.name, head.from.address),
    date: head.get('date'),
    index: 0,
  };
  const text = (headers: string[]) =>
    replyTo({ ...review, findings: [] }, series, asPatch, { headers, remarks: [lines.join('\n').trimEnd()] });
  return compose(text, answers, head, '', head.subject, key, [], around, 'follow-up');
}

function compose(
  text: (headers: string[]) => string,
  answers: string,
  head: Head,
  bodyFrom: string,
  subject: string,
  key: string,
  findings: Finding[],
  { policy, now }: Answered,
  kind = 'review',
): Reply {
  const { to, cc } = recipients(head, bodyFrom, policy);
  // Of what is answered alone, so that the same reply never gets a second name.
  const id = createHash('sha1').update(`${kind} ${answers}`).digest('hex').slice(0, 20);
  const host = policy.from ? policy.from.replace(/^.*@|>.*$/g, '') : 'lockstep.invalid';
  const messageId = `${id}.lockstep@${host}`;
  const list = (addresses: typeof to) =>
    addresses.map((each) => headerAddress(each.name, each.address)).join(',\n ');
  const headers = [
    ...(policy.from
      ? [`From: ${headerAddress(policy.from.replace(/\s*<.*$/, ''), policy.from.replace(/^.*<|>.*$/g, ''))}`]
      : []),
    ...(to.length > 0 ? [`To: ${list(to)}`] : []),
    ...(cc.length > 0 ? [`Cc: ${list(cc)}`] : []),
    `Date: ${now.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${messageId}>`,
    `X-Lockstep-Series: ${key.replace(/[^\x21-\x7e]/g, '?')}`,
    ...(findings.length > 0 ? [`X-Lockstep-Findings: ${findings.map((each) => each.id).join(' ')}`] : []),
    'Precedence: bulk',
  ];
  const slug = subject
    .replace(/[^\w]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60)
    .toLowerCase();
  return {
    answers,
    series: key,
    messageId,
    subject: `Re: ${subject}`,
    recipients: [...to, ...cc].map((each) => each.address),
    file: `${slug}.${id.slice(0, 8)}.eml`,
    text: text(headers),
    findings: findings.map((each) => each.id),
    note: to.length > 0 ? '' : 'the policy gives it to nobody',
    sentAt: 0,
  };
}
