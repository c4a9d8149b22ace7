/**
 * Reads a mailbox file, or a mail or mailbox on standard input. The cursor of a file is how far it was read and what it
 * began with: a file that became shorter or begins otherwise is another one and is read from its start.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Incoming, MailSource } from './source.ts';

const CHUNK = 1024 * 1024;
/** A mail that goes on for longer is cut here. */
const MAX_MAIL = 32 * 1024 * 1024;
const SEPARATOR = /^From \S+.*\d\d:\d\d.* \d{4}(?: [-+]\d{4})?\s*$/;

interface Cursor {
  offset: number;
  begins: string;
}

export function openMbox(path: string): MailSource {
  return {
    name: path,
    count: async () => null,
    async *read(cursor) {
      const file = openSync(path, 'r');
      try {
        const last = cursor === null ? null : (JSON.parse(cursor) as Cursor);
        const same = last !== null && fstatSync(file).size >= last.offset && sameFile(file, last);
        let at = same ? last.offset : 0;
        for (const mail of mailsOf(fileChunks(file, at))) {
          at += mail.length;
          yield {
            ...incoming(mail.text),
            cursor: JSON.stringify({ offset: at, begins: beginning(file, at) }),
          };
        }
      } finally {
        closeSync(file);
      }
    },
    fetch: () => Promise.reject(new Error('mails of a mailbox are kept in the store')),
  };
}

/** A mail, or a mailbox, as procmail or a pipe hands it over. */
export function openStandardInput(): MailSource {
  return {
    name: '<stdin>',
    count: async () => null,
    async *read() {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      for (const { text } of mailsOf(chunks)) yield incoming(text);
    },
    fetch: () => Promise.reject(new Error('mails of standard input are kept in the store')),
  };
}

function incoming(mail: Buffer): Incoming {
  return { mail, where: '', arrived: null, cursor: null, mark: '' };
}

/** A fingerprint of the file's first bytes, of no more than were read. */
function beginning(file: number, upTo = 1024): string {
  const bytes = Buffer.alloc(Math.min(upTo, 1024));
  const length = readSync(file, bytes, 0, bytes.length, 0);
  return `${length} ${createHash('sha1').update(bytes.subarray(0, length)).digest('hex')}`;
}

function sameFile(file: number, cursor: Cursor): boolean {
  return beginning(file, Number(cursor.begins.split(' ')[0])) === cursor.begins;
}

function* fileChunks(file: number, from: number): Iterable<Buffer> {
  for (let at = from; ; ) {
    const bytes = Buffer.alloc(CHUNK);
    const length = readSync(file, bytes, 0, CHUNK, at);
    if (length === 0) return;
    yield bytes.subarray(0, length);
    at += length;
  }
}

/** Mails between `From ` lines; input that does not begin with one is a single mail. `length` counts the line too. */
function* mailsOf(chunks: Iterable<Buffer>): Iterable<{ text: Buffer; length: number }> {
  let held = Buffer.alloc(0);
  let searched = 0;
  let mailbox: boolean | null = null;
  for (const chunk of chunks) {
    held = held.length === 0 ? (chunk as Buffer<ArrayBuffer>) : Buffer.concat([held, chunk]);
    mailbox ??= isSeparator(held, 0);
    if (!mailbox) continue;
    for (;;) {
      const next = held.indexOf('\n\nFrom ', searched, 'latin1');
      if (next < 0) {
        searched = Math.max(0, held.length - 8);
        break;
      }
      if (held.indexOf(10, next + 2) < 0) {
        searched = next;
        break;
      }
      searched = next + 1;
      if (!isSeparator(held, next + 2)) continue;
      yield { text: unquote(held.subarray(0, next + 1)), length: next + 2 };
      held = held.subarray(next + 2) as Buffer<ArrayBuffer>;
      searched = 0;
    }
    if (held.length > MAX_MAIL) searched = held.length;
  }
  if (held.length > 0) yield { text: mailbox ? unquote(held) : held, length: held.length };
}

function isSeparator(text: Buffer, at: number): boolean {
  const end = text.indexOf(10, at);
  return SEPARATOR.test(text.toString('latin1', at, Math.min(end < 0 ? text.length : end, at + 500)));
}

/** Without its `From ` line, and `>From ` undone. */
function unquote(mail: Buffer): Buffer {
  const text = mail.toString('latin1', mail.indexOf(10) + 1);
  return Buffer.from(text.replace(/^>(>*From )/gm, '$1'), 'latin1');
}
