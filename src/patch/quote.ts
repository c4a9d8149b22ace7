/**
 * Takes apart a reply: which lines quote a diff, who is quoted, and what the lines say without the quote marks.
 *
 * Everything at another quoting level (the reviewer's own words, older replies) is left out, so that a diff
 * that a reviewer interrupted reads as it was sent.
 */
import type { TextLine } from './decode.ts';
import { startsDiff } from './diff.ts';

export interface Unquoted {
  /** Quoting level of the diff; 0 when it was not quoted. */
  level: number;
  lines: TextLine[];
  /** Author and date of the quoted mail, from `On <date>, <author> wrote:`; '' when not said. */
  author: string;
  date: string;
}

const MAX_LEVEL = 6;

/** The lines at the lowest quoting level that has a diff; null when no level has one. */
export function findDiffLevel(lines: TextLine[]): Unquoted | null {
  if (hasDiff(lines)) return { level: 0, lines, author: '', date: '' };
  const spaced = !lines.some((line) => /^>(?:diff --git |@@ -\d|[-+]\S)/.test(line.text));
  let current = lines;
  for (let level = 1; level <= MAX_LEVEL; level++) {
    const outer = current;
    current = [];
    for (const line of outer)
      if (line.text.startsWith('>')) current.push({ text: takeMark(line.text, spaced), at: line.at });
    if (current.length === 0) return null;
    if (hasDiff(current)) return { level, lines: current, ...attribution(outer) };
  }
  return null;
}

function takeMark(text: string, spaced: boolean): string {
  return spaced && text[1] === ' ' ? text.slice(2) : text.slice(1);
}

function hasDiff(lines: TextLine[]): boolean {
  return lines.some((_, i) => startsDiff(lines, i));
}

const DATED =
  /^(.*(?:\d{1,2}[:.]\d{2}(?::\d{2})?(?:\s?[AP]M)?(?:\s?[-+]\d{4})?(?:\s?\([A-Z]+\))?|\b\d{4}))[,\s]+(.+)$/;

/** Reads the attribution above the first quoted line; it may be wrapped over two lines. */
function attribution(outer: TextLine[]): { author: string; date: string } {
  const above = outer
    .slice(
      0,
      outer.findIndex((line) => line.text.startsWith('>')),
    )
    .slice(-5)
    .map((line) => line.text.trim())
    .join(' ');
  const said = /(?:^|\s)On (\S.*) wrote: *(?:\[\.{3}\])? *$/.exec(above);
  const parts = said ? DATED.exec(said[1]!) : null;
  return parts ? { date: parts[1]!, author: parts[2]! } : { author: '', date: '' };
}
