/**
 * Turns the raw text of one message into headers and bodies of numbered lines.
 *
 * Three shapes: RFC 5322 mail (MIME by postal-mime), text copied from a web archive (a subject and a few header
 * lines, the body directly below), and `git log -p` / `git show` output. Says nothing about diffs.
 */
import PostalMime, { type Address, type Attachment } from 'postal-mime';
import { latin1ToText, type TextLine, toLines } from './decode.ts';

export interface Body {
  lines: TextLine[];
  /** File name of an attachment, '' for the text of the mail. */
  name: string;
}

export interface Message {
  subject: string;
  from: string;
  /** The Date header as written. */
  date: string;
  /** Without angle brackets. */
  messageId: string;
  references: string[];
  /** Input line at which the message starts. */
  startLine: number;
  bodies: Body[];
  /** Why there may be nothing to read: HTML without text; '' otherwise. */
  problem: string;
}

const KNOWN =
  /^(?:from|to|cc|subject|date|message-id|in-reply-to|references|received|return-path|mime-version|content-type|content-transfer-encoding|x-[\w-]+|list-id|delivered-to|sender|reply-to|dkim-signature|user-agent|archived-at|precedence|authentication-results|arc-[\w-]+):/i;

/** True when the text starts with a block of mail headers that an empty line ends. */
export function startsAsMail(text: string): boolean {
  let known = 0;
  for (const line of text
    .slice(0, 200_000)
    .replace(/^\s*\n/, '')
    .split('\n')) {
    if (line.trim() === '') return known >= 2;
    if (/^[ \t]/.test(line)) continue;
    if (!/^[!-9;-~]+:/.test(line)) return false;
    if (KNOWN.test(line)) known++;
  }
  return false;
}

/** True for text copied from a web archive: a subject, `From:` and `Date:` lines, and no complete header block. */
export function startsAsArchiveText(text: string): boolean {
  const head = text.trimStart().split('\n', 8);
  return head.some((line) => /^From: \S/.test(line)) && head.some((line) => /^Date: \S/.test(line));
}

/** True for the output of `git log -p` or `git show`. */
export function startsAsGitLog(text: string): boolean {
  return /^commit [0-9a-f]{7,64}\b.*\n(?:Merge: .*\n)?Author: /.test(text);
}

/** Reads a mail; `startLine` is the input line of its first header. */
export async function readMail(raw: string, startLine: number): Promise<Message> {
  const leading = /^\s*\n/.exec(raw)?.[0] ?? '';
  const lead = leading.split('\n').length - 1;
  // format=flowed is undone by unstuffing alone: joining lines, as the RFC asks, would destroy a diff.
  const flowed = /^(?:content-type:.*|[ \t].*)format\s*=\s*"?flowed/im.test(raw);
  const plain = flowed ? raw.replace(/(format\s*=\s*"?)flowed/gi, '$1fixed') : raw;
  let mail: Awaited<ReturnType<typeof PostalMime.parse>>;
  try {
    mail = await PostalMime.parse(Buffer.from(plain.slice(leading.length), 'latin1'));
  } catch (error) {
    // Headers without end, parts in parts without end.
    const why = (error as Error).message.split('\n')[0]!;
    return { ...emptyMessage(startLine, []), problem: `the mail cannot be taken apart: ${why}` };
  }
  const header = (name: string) => mail.headers.find((each) => each.key === name)?.value ?? '';
  const bodies: Body[] = [];
  if (mail.text?.trim())
    bodies.push({ name: '', lines: numberBody(mail.text, raw, startLine + lead, leading) });
  for (const part of mail.attachments) {
    const text = attachmentText(part);
    if (text !== null)
      bodies.push({
        name: part.filename ?? 'attachment',
        lines: toLines(text, 0).map((line) => ({ text: line.text, at: startLine })),
      });
  }
  if (flowed) for (const body of bodies) unstuff(body);
  return {
    subject: mail.subject ?? '',
    from: addressText(mail.from),
    date: header('date').trim(),
    messageId: stripBrackets(mail.messageId ?? ''),
    references: readReferences(header('references'), header('in-reply-to')),
    startLine,
    bodies,
    problem: bodies.length === 0 && mail.html ? 'the mail is HTML without a plain text part' : '',
  };
}

/** Numbers decoded text by input line when the body went through unencoded, else by the message's first line. */
function numberBody(text: string, raw: string, firstHeader: number, leading: string): TextLine[] {
  const lines = toLines(text, 1);
  const rawLines = raw.slice(leading.length).split(/\r?\n/);
  const blank = rawLines.findIndex((line) => line.trim() === '');
  const head = rawLines.slice(0, blank).join('\n');
  const encoded =
    /^content-transfer-encoding:\s*(?:base64|quoted-printable)/im.test(head) ||
    /^content-type:\s*multipart/im.test(head);
  if (blank < 0 || encoded) return lines.map((line) => ({ text: line.text, at: firstHeader }));
  return lines.map((line, i) => ({ text: line.text, at: firstHeader + blank + 1 + i }));
}

/** RFC 3676 puts a space before lines that start with one; a diff's context lines all do. */
function unstuff(body: Body): void {
  const stuffed = body.lines.some((line) => /^ [ \t]/.test(line.text));
  if (stuffed) for (const line of body.lines) if (line.text.startsWith(' ')) line.text = line.text.slice(1);
}

function attachmentText(part: Attachment): string | null {
  const named = /\.(?:patch|diff|txt|mbox|eml)$/i.test(part.filename ?? '');
  if (!named && !/^text\/(?:x-)?(?:patch|diff|plain)/.test(part.mimeType)) return null;
  if (typeof part.content === 'string') return part.content;
  const bytes = part.content instanceof ArrayBuffer ? new Uint8Array(part.content) : part.content;
  return latin1ToText(Buffer.from(bytes).toString('latin1'));
}

/** Reads text copied from a web archive. */
export function readArchiveText(latin1: string, startLine: number): Message {
  const lines = toLines(latin1ToText(latin1), startLine);
  const message = emptyMessage(startLine, []);
  let i = 0;
  for (; i < lines.length; i++) {
    const text = lines[i]!.text.trim();
    const header = /^(Subject|From|Date|To|Cc|Message-ID|In-Reply-To|References): *(.*)$/i.exec(text);
    if (header) {
      const [, name, value] = header as unknown as [string, string, string];
      if (/^subject$/i.test(name)) message.subject = value;
      else if (/^from$/i.test(name)) message.from = value;
      else if (/^date$/i.test(name)) message.date = value;
      else if (/^message-id$/i.test(name)) message.messageId = stripBrackets(value);
      else if (/^(?:in-reply-to|references)$/i.test(name))
        message.references.push(...readReferences(value, ''));
    } else if (text !== '') {
      if (message.subject !== '' || message.from !== '') break;
      message.subject = text;
    }
  }
  message.bodies.push({ name: '', lines: lines.slice(i) });
  return message;
}

/** Text without headers: a bare diff, or prose. */
export function readBareText(latin1: string, startLine: number): Message {
  return emptyMessage(startLine, toLines(latin1ToText(latin1), startLine));
}

function emptyMessage(startLine: number, lines: TextLine[]): Message {
  return {
    subject: '',
    from: '',
    date: '',
    messageId: '',
    references: [],
    startLine,
    bodies: lines.length > 0 ? [{ name: '', lines }] : [],
    problem: '',
  };
}

/** Reads `git log -p` or `git show` output: one message per commit, oldest first. */
export function readGitLog(latin1: string, startLine: number): Message[] {
  const lines = toLines(latin1ToText(latin1), startLine);
  const messages: Message[] = [];
  let body: TextLine[] = [];
  let inHead = false;
  let inDiff = false;
  for (const line of lines) {
    if (/^commit [0-9a-f]{7,64}\b/.test(line.text)) {
      body = [];
      inHead = true;
      inDiff = false;
      messages.push({ ...emptyMessage(line.at, []), bodies: [{ name: '', lines: body }] });
      continue;
    }
    const message = messages.at(-1)!;
    const header = inHead
      ? /^(Author|Date|AuthorDate|Merge|Commit|CommitDate):\s+(.*)$/.exec(line.text)
      : null;
    if (header?.[1] === 'Author') message.from = header[2]!;
    else if (header?.[1] === 'Date' || header?.[1] === 'AuthorDate') message.date = header[2]!;
    if (header || (inHead && line.text === '')) continue;
    inHead = false;
    if (line.text.startsWith('diff ')) inDiff = true;
    const indented = !inDiff && line.text.startsWith('    ');
    if (indented && message.subject === '') message.subject = line.text.trim();
    else body.push(indented ? { text: line.text.slice(4), at: line.at } : line);
  }
  return messages.reverse();
}

function addressText(address: Address | undefined): string {
  if (!address?.address) return address?.name ?? '';
  return address.name ? `${address.name} <${address.address}>` : address.address;
}

function stripBrackets(id: string): string {
  return id.trim().replace(/^<|>$/g, '');
}

function readReferences(references: string, inReplyTo: string): string[] {
  const ids = `${references} ${inReplyTo}`.match(/<[^<>\s]+>/g) ?? [];
  return [...new Set(ids.map(stripBrackets))];
}
