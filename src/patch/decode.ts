/**
 * Bytes to text, and text to numbered lines.
 *
 * Refuses what cannot be a patch (nothing, compressed files, other binary data) with a reason. Mail is kept as
 * Latin-1, one character per byte, because each part of it names its own character set; everything else is
 * UTF-8, or UTF-16 with a byte-order mark as Windows shells write redirected output.
 */
import { InputError } from './input-error.ts';

/** A line of text and the 1-based line of the input it came from. */
export interface TextLine {
  text: string;
  at: number;
}

const GZIP = [0x1f, 0x8b];
const XZ = [0xfd, 0x37];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const ZIP = [0x50, 0x4b, 0x03, 0x04];

/**
 * The bytes as Latin-1 text when they are text in some 8-bit encoding or UTF-8; UTF-16 is converted to UTF-8 first.
 *
 * @throws InputError when the input is empty, compressed or binary.
 */
export function bytesToLatin1(bytes: Uint8Array, name: string): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [kind, magic] of [
    ['gzip', GZIP],
    ['xz', XZ],
    ['zstd', ZSTD],
    ['zip', ZIP],
  ] as const) {
    if (magic.every((byte, i) => buffer[i] === byte))
      throw new InputError(name, 0, `${kind} data; unpack it first`);
  }
  let text: string;
  if (buffer[0] === 0xff && buffer[1] === 0xfe) text = utf8AsLatin1(buffer.subarray(2).toString('utf16le'));
  else if (buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf)
    text = buffer.subarray(3).toString('latin1');
  else text = buffer.toString('latin1');
  if (/^\s*$/.test(text)) throw new InputError(name, 0, 'empty; expected a patch or a mail with one');
  const nul = text.indexOf('\0');
  if (nul >= 0) throw new InputError(name, 0, 'binary data; expected a patch or a mail with one');
  return text;
}

/** UTF-8 text in the shape `bytesToLatin1` returns: one character per byte. */
export function utf8AsLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** Undoes the Latin-1 view: as UTF-8 when it is valid UTF-8, else as windows-1252 (a superset of Latin-1 text). */
export function latin1ToText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is for plain ASCII.
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  const bytes = Buffer.from(text, 'latin1');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/**
 * Lines without their ends (\n or \r\n), numbered from `firstLine`. No-break spaces, which mail programs put in
 * place of indentation, are plain spaces again.
 */
export function toLines(text: string, firstLine: number): TextLine[] {
  const lines = text.replaceAll('\u00a0', ' ').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, i) => ({
    text: line.endsWith('\r') ? line.slice(0, -1) : line,
    at: firstLine + i,
  }));
}
