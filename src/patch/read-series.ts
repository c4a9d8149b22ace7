/**
 * The door of this folder: bytes in, a series of patches out.
 *
 * First the kind of input is told (mailbox, mail, git log, web-archive text, bare diff), then each message is
 * read, then its diffs, then messages are put together to a series. Anything left out is in `skipped` with its
 * reason; an input from which no file could be read is an InputError that says why.
 */
import { assemble, isCover, type MessagePatches } from './assemble.ts';
import { readChangelog } from './changelog.ts';
import { bytesToLatin1, type TextLine, utf8AsLatin1 } from './decode.ts';
import { type DiffReading, readDiff } from './diff.ts';
import { isHunkHeader } from './hunk.ts';
import { InputError } from './input-error.ts';
import { splitMbox, startsAsMbox } from './mbox.ts';
import {
  type Message,
  readArchiveText,
  readBareText,
  readGitLog,
  readMail,
  startsAsArchiveText,
  startsAsGitLog,
  startsAsMail,
} from './message.ts';
import { findDiffLevel, type Unquoted } from './quote.ts';
import type { Patch, PatchSeries } from './series.ts';
import { parseSubject, withoutReplyMarks } from './subject.ts';

/** Bytes or text, and what to call them in messages: a path, or `<stdin>`. */
export interface Input {
  content: Uint8Array | string;
  name: string;
}

/**
 * Reads a patch, a mail or a mailbox.
 *
 * @throws InputError when there is nothing in it that can be reviewed: no text, no patch, or damaged hunks only.
 */
export async function readSeries(content: Uint8Array | string, name: string): Promise<PatchSeries> {
  return readInputs([{ content, name }]);
}

/**
 * Reads several inputs as one series, such as the files that `git format-patch` writes.
 *
 * @throws InputError for the first input that is neither a patch nor a cover letter to another input's patch.
 */
export async function readInputs(inputs: Input[]): Promise<PatchSeries> {
  const all: MessagePatches[] = [];
  const letters: InputError[] = [];
  for (const { content, name } of inputs) {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    const read: MessagePatches[] = [];
    for (const message of await readMessages(bytesToLatin1(bytes, name)))
      read.push(await readPatches(message, name));
    all.push(...read);
    const files = read.flatMap((each) => each.patches.flatMap((patch) => patch.files));
    if (files.some((file) => file.hunks.length > 0 || !file.incomplete)) continue;
    const error = nothingRead(read, name);
    if (!read.every(isCover)) throw error;
    letters.push(error);
  }
  const series = assemble(all);
  if (series.patches.length === 0) throw letters[0] ?? new InputError('', 0, 'no input');
  return series;
}

/**
 * Reads the mails of one series, cover letter included. Unlike `readInputs`, a mail that cannot be read does not
 * refuse the others: it is named in `skipped`, and a series may have no patches at all.
 */
export async function readMails(mails: Input[]): Promise<PatchSeries> {
  const all: MessagePatches[] = [];
  const refused: PatchSeries['skipped'] = [];
  for (const { content, name } of mails) {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    try {
      const read: MessagePatches[] = [];
      for (const message of await readMessages(bytesToLatin1(bytes, name)))
        read.push(await readPatches(message, name));
      all.push(...read);
      if (!read.every((each) => each.patches.length > 0 || isCover(each)))
        refused.push({ file: '', reason: nothingRead(read, name).describe() });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refused.push({ file: '', reason: error.describe() });
    }
  }
  const series = assemble(all);
  return { ...series, skipped: [...refused, ...series.skipped] };
}

async function readMessages(text: string): Promise<Message[]> {
  const body = text.replace(/^(?:[ \t\r]*\n)+/, '');
  const startLine = text.slice(0, text.length - body.length).split('\n').length;
  if (startsAsMbox(body)) {
    const messages: Message[] = [];
    for (const raw of splitMbox(body)) messages.push(await readMail(raw.text, raw.startLine + startLine - 1));
    return messages;
  }
  if (startsAsMail(body)) return [await readMail(body, startLine)];
  if (startsAsGitLog(body)) return readGitLog(body, startLine);
  if (startsAsArchiveText(body)) return [readArchiveText(body, startLine)];
  return [readBareText(body, startLine)];
}

async function readPatches(message: Message, name: string): Promise<MessagePatches> {
  const subject = parseSubject(message.subject);
  const result: MessagePatches = {
    name,
    message,
    subject,
    patches: [],
    quoted: false,
    skipped: [],
    repaired: [],
  };
  for (const body of message.bodies) {
    if (body.name !== '' && /^From [0-9a-f]{40} /.test(body.lines[0]?.text ?? '')) {
      await readAttachedMails(body.lines, message.startLine, result);
      continue;
    }
    const found = findDiffLevel(body.lines);
    if (found) {
      const diff = readDiff(found.lines, found.level > 0);
      result.quoted = found.level > 0;
      result.skipped.push(...diff.skipped);
      result.repaired.push(...diff.repaired);
      result.patches.push(makePatch(message, diff, found));
    } else {
      const orphan = body.lines.find((line) => isHunkHeader(line.text));
      if (orphan) result.skipped.push({ file: '', what: 'hunk without a file name above it', at: orphan.at });
    }
  }
  return result;
}

/** An attached `git format-patch` file is a mail of its own. */
async function readAttachedMails(lines: TextLine[], at: number, into: MessagePatches): Promise<void> {
  const text = utf8AsLatin1(lines.map((line) => line.text).join('\n'));
  for (const raw of splitMbox(text)) {
    const inner = await readMail(raw.text, at);
    for (const body of inner.bodies) body.lines = body.lines.map((line) => ({ text: line.text, at }));
    const read = await readPatches(inner, into.name);
    into.patches.push(...read.patches);
    into.skipped.push(...read.skipped);
    into.repaired.push(...read.repaired);
  }
}

function makePatch(message: Message, diff: DiffReading, found: Unquoted): Patch {
  const changelog = readChangelog(diff.before, diff.after);
  const mailed = parseSubject(message.subject);
  const subject = changelog.subject === '' ? mailed : { ...mailed, ...titleOnly(changelog.subject) };
  const quoted = found.level > 0;
  // A diff quoted under a cover letter is the series in one piece.
  const whole = subject.total === 0 || subject.index === 0;
  return {
    subject: subject.title,
    fullSubject: withoutReplyMarks(message.subject),
    index: whole ? 1 : subject.index,
    total: whole ? 1 : subject.total,
    version: subject.version,
    messageId: quoted ? (message.references.at(-1) ?? '') : message.messageId,
    references: quoted ? message.references.slice(0, -1) : message.references,
    from: quoted ? authorOf(found.author, changelog.trailers) : changelog.from || message.from,
    date: quoted ? found.date : message.date,
    message: changelog.message,
    remarks: changelog.remarks,
    trailers: changelog.trailers,
    files: diff.files,
    baseCommit: changelog.baseCommit,
    indentationLost: diff.indentationLost,
  };
}

/** A subject in the body names the patch; its numbers, if any, are not the thread's. */
function titleOnly(subject: string): { title: string } {
  return { title: parseSubject(subject).title };
}

/** The quoted author with the address of the sign-off that bears the same name. */
function authorOf(author: string, trailers: Patch['trailers']): string {
  const signed = trailers.find(
    (each) => each.name === 'Signed-off-by' && each.value.startsWith(`${author} <`),
  );
  return author !== '' && signed ? signed.value : author;
}

function nothingRead(read: MessagePatches[], name: string): InputError {
  const skipped = read.flatMap((each) => each.skipped)[0];
  if (skipped)
    return new InputError(name, skipped.at, `${skipped.what}${skipped.file && ` (${skipped.file})`}`);
  const unreadable = read.find((each) => each.message.problem !== '');
  if (unreadable) return new InputError(name, unreadable.message.startLine, unreadable.message.problem);
  const what = read.some(isCover) ? 'a cover letter, but no patch' : 'no patch found';
  return new InputError(name, 0, `${what}; expected a diff, a mail with one, or a mailbox`);
}
