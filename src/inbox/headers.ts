/**
 * Reads of a mail what sorting it needs, without taking its body apart: a list's whole archive goes through here.
 *
 * Only headers that decide something are decoded. Mails that turn out to hold patches are read in full later,
 * by src/patch.
 */
import { addressParser, decodeWords } from 'postal-mime';
import { parseSubject, type Subject } from '../patch/index.ts';

export interface Address {
  name: string;
  /** In lower case; '' when there is none. */
  address: string;
}

export interface Head {
  messageId: string;
  /** Ids of the thread above, oldest first; the last is the mail that is answered. */
  references: string[];
  subject: string;
  parsed: Subject;
  from: Address;
  to: Address[];
  cc: Address[];
  /** Milliseconds since 1970; null when the header is missing or says nothing. */
  date: number | null;
  listId: string;
  /** Other headers by name in lower case, undecoded. */
  get(name: string): string;
  /** Where the body starts in the mail's bytes. */
  bodyAt: number;
}

/** A header block longer than this is an attack or no mail. */
const MAX_HEAD = 512 * 1024;
const MAX_REFERENCES = 200;

/** The head of a mail, or why there is none. */
export function readHead(mail: Buffer): Head | { refused: string } {
  let start = 0;
  while (mail[start] === 10 || mail[start] === 13) start++;
  if (start >= mail.length) return { refused: 'empty' };
  const bodyAt = endOfHead(mail, start);
  if (bodyAt - start > MAX_HEAD) return { refused: 'headers of more than 512 KB' };
  const fields = readFields(mail.toString('latin1', start, bodyAt));
  if (fields.size === 0) return { refused: 'no mail headers' };
  const get = (name: string) => fields.get(name) ?? '';
  const subject = decode(get('subject')).replace(/\s+/g, ' ').trim();
  if (get('from') === '') return { refused: 'no From header' };
  const date = Date.parse(get('date').replace(/\s*\([^)]*\)\s*$/, ''));
  return {
    messageId: /<([^<>\s]+)>/.exec(get('message-id'))?.[1] ?? get('message-id').trim(),
    references: readReferences(get('references'), get('in-reply-to')),
    subject,
    parsed: parseSubject(subject.slice(0, 1000)),
    from: readAddresses(get('from'))[0] ?? { name: '', address: '' },
    to: readAddresses(get('to')),
    cc: readAddresses(get('cc')),
    date: Number.isNaN(date) ? null : date,
    listId: /<([^<>]+)>/.exec(get('list-id'))?.[1]?.toLowerCase() ?? get('list-id').trim().toLowerCase(),
    get,
    bodyAt,
  };
}

function endOfHead(mail: Buffer, start: number): number {
  const bare = mail.indexOf('\n\n', start, 'latin1');
  const crlf = mail.indexOf('\r\n\r\n', start, 'latin1');
  if (bare < 0 && crlf < 0) return mail.length;
  return crlf < 0 || (bare >= 0 && bare < crlf) ? bare + 2 : crlf + 4;
}

/** The first of each header, unfolded. */
function readFields(head: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name = '';
  let value = '';
  const keep = () => {
    if (name !== '' && !fields.has(name)) fields.set(name, value);
    name = '';
  };
  for (const line of head.split('\n')) {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text.startsWith(' ') || text.startsWith('\t')) {
      value += ` ${text.trim()}`;
      continue;
    }
    keep();
    const colon = text.indexOf(':');
    if (colon <= 0 || colon > 76 || text.slice(0, colon).includes(' ')) continue;
    name = text.slice(0, colon).toLowerCase();
    value = text.slice(colon + 1).trim();
  }
  keep();
  return fields;
}

/** Encoded words, or bytes beyond ASCII that were sent as they are. */
function decode(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is for plain ASCII.
  const plain = /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'latin1').toString('utf8');
  return plain.includes('=?') ? decodeWords(plain.slice(0, 4000)) : plain;
}

function readAddresses(text: string): Address[] {
  if (text === '') return [];
  const simple = /^([\w .'-]*?)\s*<([^<>\s@,;"]+@[^<>\s@,;"]+)>$/.exec(text);
  if (simple) return [{ name: simple[1]!, address: simple[2]!.toLowerCase() }];
  return addressParser(decode(text.slice(0, 20_000)), { flatten: true })
    .map((each) => ({ name: each.name ?? '', address: (each.address ?? '').toLowerCase() }))
    .filter((each) => each.address !== '' || each.name !== '');
}

function readReferences(references: string, inReplyTo: string): string[] {
  const above = references.slice(-50_000).match(/<[^<>\s]+>/g) ?? [];
  const direct = inReplyTo.slice(0, 2000).match(/<[^<>\s]+>/g) ?? [];
  const ids = [...new Set([...above, ...direct.slice(0, 1)].map((id) => id.slice(1, -1)))];
  return ids.slice(-MAX_REFERENCES);
}
