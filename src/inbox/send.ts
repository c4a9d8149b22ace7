/**
 * Sends replies from the outbox through SMTP, when told to and as the policy allows: not in quiet hours, not more than so
 * many a day, never to a robot. Each is marked before it is handed over, so that none is sent twice: one whose
 * outcome a crash left unknown stays marked until a person decides.
 */
import { readFileSync } from 'node:fs';
import { createTransport } from 'nodemailer';
import { InputError } from '../patch/index.ts';
import type { Store } from '../store/index.ts';
import { ROBOTS } from './classify.ts';
import { readHead } from './headers.ts';
import { readDraft } from './outbox.ts';
import { addressOf, isQuiet, type Policy } from './policy.ts';
import type { Reply } from './replies.ts';

const DAY = 24 * 60 * 60 * 1000;

export interface SendOptions {
  outbox: string;
  policy: Policy;
  now: Date;
  /** Names of replies to send: their files, or message-ids; empty: all drafts. */
  only: string[];
  /** Sends even those whose first sending has an unknown outcome. */
  again: boolean;
  dryRun: boolean;
}

export interface SendResult {
  reply: Reply;
  outcome: 'sent' | 'would be sent' | 'not sent' | 'withdrawn';
  reason: string;
}

/** @throws InputError when the policy does not say how to send, or from whom. */
export async function sendReplies(store: Store, options: SendOptions): Promise<SendResult[]> {
  const { policy, now } = options;
  if (!policy.from || !policy.smtp)
    throw new InputError('policy', 0, 'to send, the policy must have "from" and "smtp"');
  if (isQuiet(policy, now))
    throw new InputError('policy', 0, `nothing is sent in the quiet hours ${policy.quiet}`);
  const recent = (await store.records('reply', { tag: 'sent' })).filter(
    ({ body }) => (body as Reply).sentAt > now.getTime() - DAY,
  );
  let left = policy.perDay - recent.length;
  const drafts = await store.records('reply', { tag: 'draft' });
  if (options.again) drafts.push(...(await store.records('reply', { tag: 'sending' })));
  const chosen = drafts
    .reverse()
    .map(({ key, tag, body }) => ({ key, tag, reply: body as Reply }))
    .filter(({ reply }) => options.only.length === 0 || options.only.some((name) => isNamed(reply, name)));
  const transport = options.dryRun ? null : openTransport(policy);
  const results: SendResult[] = [];
  try {
    for (const { key, reply } of chosen) {
      const result = await sendOne(key, reply);
      results.push({ reply, ...result });
      if (result.outcome === 'sent' || result.outcome === 'would be sent') left--;
    }
  } finally {
    transport?.close();
  }
  return results;

  async function sendOne(key: string, reply: Reply): Promise<Omit<SendResult, 'reply'>> {
    const text = readDraft(options.outbox, reply);
    const keep = (tag: string, change: Partial<Reply>) => ({
      kind: 'reply',
      key,
      tag,
      body: { ...reply, ...change },
    });
    if (text === null) {
      await store.commit({ records: [keep('withdrawn', { note: 'its file was deleted' })] });
      return { outcome: 'withdrawn', reason: 'its file was deleted' };
    }
    const head = readHead(Buffer.from(text, 'utf8'));
    if ('refused' in head) return { outcome: 'not sent', reason: head.refused };
    const to = [...head.to, ...head.cc].map((each) => each.address).filter((each) => each !== '');
    const robot = to.find((each) => ROBOTS.test(each) || each === addressOf(policy.from!));
    if (to.length === 0) return { outcome: 'not sent', reason: 'nobody in To or Cc' };
    if (robot !== undefined) return { outcome: 'not sent', reason: `${robot} is a robot` };
    if (left <= 0) return { outcome: 'not sent', reason: `${policy.perDay} were sent within a day` };
    if (!transport) return { outcome: 'would be sent', reason: to.join(', ') };
    const lock = `send/${key}`;
    const from = await store.cursor(lock);
    if (from === 'sent' || (from === 'sending' && !options.again))
      return { outcome: 'not sent', reason: 'somebody else is sending it' };
    const marked = `${from === 'sending' ? 'sending again' : 'sending'}`;
    const mine = await store.commit({
      cursors: [{ name: lock, from, to: marked }],
      records: [keep('sending', { note: 'handed to the server; the outcome is not known' })],
    });
    if (!mine) return { outcome: 'not sent', reason: 'somebody else is sending it' };
    try {
      await transport.sendMail({ envelope: { from: addressOf(policy.from!), to }, raw: text });
    } catch (error) {
      const reason = (error as Error).message.split('\n')[0]!;
      // Refused by the server, or never reached: it was not sent, and may be tried again.
      await store.commit({
        cursors: [{ name: lock, from: marked, to: 'draft' }],
        records: [keep('draft', { note: reason })],
      });
      return { outcome: 'not sent', reason };
    }
    await store.commit({
      cursors: [{ name: lock, from: marked, to: 'sent' }],
      records: [keep('sent', { note: '', text, recipients: to, sentAt: now.getTime() })],
    });
    return { outcome: 'sent', reason: to.join(', ') };
  }
}

function isNamed(reply: Reply, name: string): boolean {
  const bare = name.replace(/^.*\//, '').replace(/^<|>$/g, '');
  return bare === reply.file || bare === reply.messageId || bare === reply.answers;
}

function openTransport(policy: Policy) {
  const { host, port, security, user, passwordFile } = policy.smtp!;
  const pass = passwordFile === undefined ? '' : readPassword(passwordFile);
  return createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(user === undefined ? {} : { auth: { user, pass } }),
    pool: true,
    maxConnections: 1,
    connectionTimeout: 30_000,
    socketTimeout: 60_000,
  });
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0]!;
  } catch (error) {
    throw new InputError(file, 0, `the password cannot be read: ${(error as { code?: string }).code}`);
  }
}
