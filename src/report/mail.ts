/**
 * The review as replies on a mailing list: one mail for each patch with findings, comments inline.
 *
 * Headers that only the sender can know (From, Date, Message-ID) are left to whoever sends it. No findings, no
 * mail. Several mails come out as a mailbox.
 */
import type { Finding, Review } from '../check/finding.ts';
import { type Patch, type PatchSeries, pathOf } from '../patch/index.ts';
import { comment } from './comment.ts';
import { type Anchor, anchorOf, diffText, hunkHeader, quotedRange } from './quote.ts';
import { clean, WIDTH, wrap } from './wrap.ts';

/** The replies as RFC 5322 text with `\n` line ends; '' when there is nothing to say. */
export function renderMail(review: Review, series: PatchSeries): string {
  const mails: string[] = [];
  for (const patch of series.patches) {
    const findings = review.findings.filter((finding) => finding.patch === patch.index);
    if (findings.length > 0) mails.push(reply(review, series, patch, findings));
  }
  if (mails.length < 2) return mails.join('');
  return mails
    .map((mail) => `From lockstep Thu Jan  1 00:00:00 1970\n${mail.replace(/^(>*From )/gm, '>$1')}\n`)
    .join('');
}

export interface ReplyOptions {
  /** Lines of headers in front of the others; they replace To. */
  headers: string[];
  /** Sentences about the series, said once below the comments. */
  remarks: string[];
}

/** The reply to one patch; '' when there is nothing to say about it. */
export function replyTo(review: Review, series: PatchSeries, patch: Patch, options: ReplyOptions): string {
  const findings = review.findings.filter((finding) => finding.patch === patch.index);
  if (findings.length === 0 && options.remarks.length === 0) return '';
  return reply(review, series, patch, findings, options);
}

function reply(
  review: Review,
  series: PatchSeries,
  patch: Patch,
  findings: Finding[],
  options?: ReplyOptions,
): string {
  const name = displayName(patch.from);
  const body = ['', ...attribution(name, patch.date), ...comments(series, findings)];
  for (const remark of options?.remarks ?? []) body.push('', ...wrap(clean(remark)));
  body.push('', '-- ', ...signature(review, findings));
  const own = headers(review, patch).filter((line) => !options || !line.startsWith('To: '));
  return `${[...(options?.headers ?? []), ...own, ...body].join('\n')}\n`;
}

/** An address as a header has it, `Name <address>`. */
export function headerAddress(name: string, address: string): string {
  return encodeAddress(name === '' ? address : `${name} <${address}>`);
}

function headers(review: Review, patch: Patch): string[] {
  const lines: string[] = [];
  if (/[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+/.test(patch.from)) lines.push(`To: ${encodeAddress(patch.from)}`);
  lines.push(`Subject: ${encodeWords(`Re: ${patch.fullSubject || patch.subject || 'your patch'}`)}`);
  if (patch.messageId !== '') {
    lines.push(`In-Reply-To: <${oneLine(patch.messageId)}>`);
    const thread = [...patch.references, patch.messageId].map((id) => `<${oneLine(id)}>`);
    lines.push(`References: ${thread.join('\n ')}`);
  }
  lines.push(
    `X-Lockstep: ${review.tool.version}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  );
  return lines;
}

function attribution(name: string, date: string): string[] {
  if (name === '') return [];
  return wrap(date === '' ? `${name} wrote:` : `On ${clean(date)}, ${name} wrote:`);
}

/** The diff, cut down to what comments are about, each comment directly below its line. */
function comments(series: PatchSeries, findings: Finding[]): string[] {
  const lines: string[] = [];
  const said = new Set<string>();
  let shown: Anchor | null = null;
  const placed = findings.map((finding) => ({ finding, anchor: anchorOf(series, finding) }));
  for (const { finding, anchor } of placed.sort((a, b) => byPosition(a.anchor, b.anchor))) {
    if (anchor) {
      lines.push(...quoteLines(anchor, shown));
      shown = anchor;
    }
    const text = said.has(finding.message) ? ['Same here.'] : comment(finding);
    said.add(finding.message);
    lines.push('', ...text, '');
  }
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

function byPosition(a: Anchor | null, b: Anchor | null): number {
  if (!a || !b) return a ? -1 : b ? 1 : 0;
  const file = a.patch.files.indexOf(a.file) - b.patch.files.indexOf(b.file);
  const hunk = a.file.hunks.indexOf(a.hunk) - b.file.hunks.indexOf(b.hunk);
  return file || hunk || a.index - b.index;
}

/** What is quoted above a comment, going on from the place of the comment before it. */
function quoteLines(anchor: Anchor, shown: Anchor | null): string[] {
  const sameFile = shown?.file === anchor.file;
  const sameHunk = sameFile && shown?.hunk === anchor.hunk;
  if (sameHunk && shown?.index === anchor.index) return [];
  const lines: string[] = [];
  if (!sameFile) {
    const path = clean(pathOf(anchor.file));
    lines.push('[...]', `> diff --git a/${clean(anchor.file.oldPath) || path} b/${path}`);
  } else lines.push('[...]');
  const from = sameHunk ? shown!.index + 1 : 0;
  const { first, last } = quotedRange(anchor, from);
  if (sameHunk && first === from) lines.length = 0;
  if (!sameHunk) lines.push(`> ${clean(hunkHeader(anchor.hunk))}`);
  if (!sameHunk && first > 0) lines.push('[...]');
  for (const line of anchor.hunk.lines.slice(first, last + 1))
    lines.push(`> ${clean(diffText(line))}`.trimEnd());
  return lines;
}

function signature(review: Review, findings: Finding[]): string[] {
  const tokens = findings.flatMap((finding) => [
    finding.replay,
    ...finding.consequences.map((each) => each.replay),
  ]);
  if (tokens.length === 0) return [`Lockstep ${review.tool.version}`];
  return [
    `Lockstep ${review.tool.version}; each schedule can be replayed with this mail's patch:`,
    ...[...new Set(tokens)].filter((token) => token !== '').map((token) => `lockstep replay ${token} PATCH`),
  ].flatMap((line) => (line.length > WIDTH ? [line] : wrap(line)));
}

/** The name of `Name <address>`, or the address when there is no name. */
function displayName(from: string): string {
  const name = from.replace(/\s*<[^>]*>\s*$/, '').replace(/^"(.*)"$/, '$1');
  return clean(oneLine(name === '' ? from.replace(/[<>]/g, '') : name));
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

function encodeAddress(from: string): string {
  const match = /^(.*?)\s*<([^<>]+)>$/.exec(oneLine(from));
  if (!match) return oneLine(from);
  const name = match[1]!.replace(/^"(.*)"$/, '$1');
  if (name === '') return match[2]!;
  const plain = /^[\w !#$%&'*+/=?^`{|}~-]*$/.test(name);
  const isAscii = /^[ -~]*$/.test(name);
  const written = plain ? name : isAscii ? `"${name.replace(/["\\]/g, '\\$&')}"` : encodeWords(name);
  return `${written} <${match[2]}>`;
}

/** RFC 2047: text beyond ASCII as encoded words of at most 75 characters. */
function encodeWords(text: string): string {
  const line = oneLine(text);
  if (/^[ -~]*$/.test(line)) return line;
  const words: string[] = [];
  let chunk = '';
  for (const char of line) {
    if (Buffer.byteLength(chunk + char) > 42) {
      words.push(chunk);
      chunk = '';
    }
    chunk += char;
  }
  words.push(chunk);
  return words.map((word) => `=?utf-8?B?${Buffer.from(word, 'utf8').toString('base64')}?=`).join('\n ');
}
