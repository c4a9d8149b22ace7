/**
 * Splits a mailbox into messages at its `From ` lines and undoes the `>From ` quoting of mboxrd and mboxo.
 *
 * A separator is a line that starts with `From `, ends with a year, and stands at the start or below an empty
 * line, so that a sentence of a changelog that begins with `From` does not split a message.
 */

export interface RawMessage {
  /** Headers and body, the separator removed; one character per byte. */
  text: string;
  /** 1-based line of the input at which `text` starts. */
  startLine: number;
}

const SEPARATOR = /^From \S+.*\d\d:\d\d.* \d{4}( [-+]\d{4})?\s*$/;

/** True when the first line of the text is a mailbox separator. */
export function startsAsMbox(text: string): boolean {
  return SEPARATOR.test(text.slice(0, 1000).split('\n', 1)[0]!);
}

/** The messages of a mailbox, in order. */
export function splitMbox(text: string): RawMessage[] {
  const messages: RawMessage[] = [];
  const lines = text.split('\n');
  let start = -1;
  const flush = (end: number) => {
    if (start < 0) return;
    const body = lines
      .slice(start, end)
      .map((line) => (/^>+From /.test(line) ? line.slice(1) : line))
      .join('\n');
    messages.push({ text: body, startLine: start + 1 });
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (line.charCodeAt(0) !== 70 || !SEPARATOR.test(line)) continue;
    if (i > 0 && lines[i - 1]!.trim() !== '') continue;
    flush(i);
    start = i + 1;
  }
  flush(lines.length);
  return messages;
}
