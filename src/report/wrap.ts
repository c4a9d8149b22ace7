/** Lays out prose for mail and terminals: wrapped, cleaned of control characters. Code is never re-wrapped. */

/** Lines of mail text end here. */
export const WIDTH = 72;

/**
 * Wraps paragraphs at `width`; paragraphs are separated by empty lines. A paragraph with an indented line is
 * code and stays as it is.
 */
export function wrap(text: string, width: number = WIDTH): string[] {
  const lines: string[] = [];
  for (const paragraph of text.trim().split(/\n\s*\n/)) {
    if (lines.length > 0) lines.push('');
    if (/^[ \t]/m.test(paragraph)) lines.push(...paragraph.split('\n'));
    else lines.push(...wrapParagraph(paragraph, width));
  }
  return lines;
}

function wrapParagraph(paragraph: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(/\s+/)) {
    if (word === '') continue;
    if (line === '') line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** Text from a patch as it may be shown: control characters, which could drive a terminal, become `?`. */
export function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '?');
}

/** `1 patch`, `2 patches`. */
export function count(n: number, noun: string): string {
  return `${n} ${n === 1 ? noun : noun.endsWith('ch') ? `${noun}es` : `${noun}s`}`;
}
