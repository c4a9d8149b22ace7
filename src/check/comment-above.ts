/** The comment that stands directly above a line of an image, as one line of words; '' when there is none. */
import type { Image } from '../source/index.ts';

const LONGEST = 40;

/** A line of the image by its 1-based number; null where it is not shown. */
export function lineReader(image: Image): (line: number) => string | null {
  if (image.kind === 'whole') {
    const lines = image.text.split('\n');
    return (line) => lines[line - 1] ?? null;
  }
  const shown = new Map<number, string>();
  for (const { startLine, text } of image.pieces)
    text.split('\n').forEach((line, i) => {
      shown.set(startLine + i, line);
    });
  return (line) => shown.get(line) ?? null;
}

export function commentAbove(line: number, lines: (line: number) => string | null): string {
  const found: string[] = [];
  let at = line - 1;
  if (!/\*\/\s*$/.test(lines(at) ?? '')) return '';
  for (; at > 0 && found.length < LONGEST; at--) {
    const text = lines(at);
    if (text === null) break;
    found.unshift(text.replace(/^\s*\/?\*+\/?|\*\/\s*$/g, '').trim());
    if (/\/\*/.test(text)) break;
  }
  return found.join(' ').trim();
}
