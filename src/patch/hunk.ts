/**
 * Finds where a hunk ends and mends what mail did to it, so that its lines and its header agree.
 *
 * Mended, when only one reading fits the counts: context lines that lost their leading space, long lines that
 * were wrapped, counts left wrong by editing by hand, context lines cut off at the end, and, in text that
 * lost its indentation, context that now starts with a plus or minus. Anything else is refused with a reason:
 * half a hunk is worse than none. What comes out is a hunk with a marker on every line.
 */
import type { TextLine } from './decode.ts';

/** A hunk whose lines all carry a marker and add up to its counts. */
export interface MendedHunk {
  at: number;
  oldStart: number;
  oldCount: number;
  newStart: number;
  newCount: number;
  heading: string;
  lines: TextLine[];
}

export interface HunkReading {
  hunk: MendedHunk | null;
  /** Why there is no hunk; '' when there is one. */
  problem: string;
  /** The line that shows the problem, else that of the header. */
  problemAt: number;
  /** What was mended; '' when nothing was. */
  repair: string;
  /** Index of the first line that is not part of the hunk. */
  next: number;
}

interface Surrounding extends HunkOptions {
  /** The input ends with this hunk, so it may have been cut off there. */
  atEnd: boolean;
}

export interface HunkOptions {
  /** Indentation is gone: a line without a marker is context. */
  indentationLost: boolean;
  /** The lines stop where a reviewer or an archive may have cut them, not only where the diff ended. */
  quoted: boolean;
}

const HEADER = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/;

/** True when the line is a hunk's header. */
export function isHunkHeader(line: string): boolean {
  return line.startsWith('@@ -') && HEADER.test(line);
}

/** True when a diff's own structure goes on at line `i`, so that a hunk cannot. */
export function endsHunk(lines: TextLine[], i: number): boolean {
  const line = lines[i]?.text;
  if (line === undefined) return true;
  if (line.startsWith('@@ -')) return HEADER.test(line);
  if (line.startsWith('diff ')) return /^diff (?:--git |--cc |-[a-zA-Z])/.test(line);
  if (line.startsWith('Index: ')) return true;
  if (line.startsWith('--- '))
    return (
      lines[i + 1]?.text.startsWith('+++ ') === true &&
      lines[i + 2] !== undefined &&
      isHunkHeader(lines[i + 2]!.text)
    );
  return isSignature(lines, i);
}

/** `-- ` and a version of git, or `-- ` shortly before the end. */
function isSignature(lines: TextLine[], i: number): boolean {
  if (!/^-- ?$/.test(lines[i]!.text)) return false;
  return /^\d+\.\d+/.test(lines[i + 1]?.text ?? '') || lines.length - i <= 4;
}

/** Reads the hunk whose header is line `start`. */
export function readHunk(lines: TextLine[], start: number, options: HunkOptions): HunkReading {
  const header = HEADER.exec(lines[start]!.text)!;
  const hunk: MendedHunk = {
    at: lines[start]!.at,
    oldStart: Number(header[1]),
    oldCount: Number(header[2] ?? 1),
    newStart: Number(header[3]),
    newCount: Number(header[4] ?? 1),
    heading: header[5]!.trim(),
    lines: [],
  };
  let end = start + 1;
  while (!endsHunk(lines, end)) end++;
  const body = lines.slice(start + 1, end);
  const around = { ...options, atEnd: end === lines.length };

  for (const reading of READINGS) {
    if (!reading.when(options)) continue;
    const result = reading.read(body, hunk, around);
    if (!result) continue;
    return {
      hunk: { ...hunk, ...result.counts, lines: result.lines },
      problem: '',
      problemAt: 0,
      repair: reading.repair,
      next: start + 1 + result.used,
    };
  }
  return { hunk: null, ...explain(body, hunk, options), repair: '', next: end };
}

interface Fit {
  lines: TextLine[];
  /** How many lines of the body were used. */
  used: number;
  counts?: { oldCount: number; newCount: number };
}

interface Reading {
  /** Said to the user; '' for a hunk as it should be. */
  repair: string;
  when(options: HunkOptions): boolean;
  read(body: TextLine[], hunk: MendedHunk, around: Surrounding): Fit | null;
}

/** Tried in order; the first that fits wins. */
const READINGS: Reading[] = [
  { repair: '', when: () => true, read: (body, hunk, o) => fit(body, hunk, o.indentationLost) },
  {
    repair: 'a line that starts with a plus or minus was taken as context, as the counts ask',
    when: (o) => o.indentationLost,
    read: flipOne,
  },
  {
    repair: 'lines that a mail program wrapped were joined',
    when: (o) => !o.indentationLost,
    read: (body, hunk) => only(joinWrapped(body, hunk), fitBare(body, hunk)),
  },
  {
    repair: 'the leading space of context lines was put back',
    when: (o) => !o.indentationLost,
    read: (body, hunk) => only(fitBare(body, hunk), joinWrapped(body, hunk)),
  },
  { repair: 'its line counts were corrected', when: (o) => !o.indentationLost, read: recount },
  {
    repair: 'its last context lines were cut off',
    when: () => true,
    read: (body, hunk, o) => (o.quoted || o.indentationLost ? withoutTail(body, hunk, o) : null),
  },
];

/** The first when there is no second: two ways to mend are none. */
function only(fit: Fit | null, other: Fit | null): Fit | null {
  return other ? null : fit;
}

/** What a line is by its marker; `bareIsContext` lets lines without one pass as context. */
function marked(line: TextLine, bareIsContext: boolean): TextLine | null {
  const first = line.text[0];
  if (first === '+' || first === '-' || first === ' ') return line;
  if (first === undefined) return { text: ' ', at: line.at };
  return bareIsContext ? { text: ` ${line.text}`, at: line.at } : null;
}

/** Takes lines until the counts are used up; null when they do not come out even. */
function fit(body: TextLine[], hunk: MendedHunk, bareIsContext: boolean): Fit | null {
  const lines: TextLine[] = [];
  let oldLeft = hunk.oldCount;
  let newLeft = hunk.newCount;
  let i = 0;
  while (oldLeft > 0 || newLeft > 0) {
    const line = body[i++];
    if (!line) return null;
    if (line.text.startsWith('\\ ')) continue;
    const taken = marked(line, bareIsContext);
    if (!taken) return null;
    if (taken.text[0] !== '+') oldLeft--;
    if (taken.text[0] !== '-') newLeft--;
    if (oldLeft < 0 || newLeft < 0) return null;
    lines.push(taken);
  }
  while (body[i]?.text.startsWith('\\ ')) i++;
  return goesOn(body, i) ? null : { lines, used: i };
}

/** Lines without a marker are context; nothing that looks like part of the hunk may be left over. */
function fitBare(body: TextLine[], hunk: MendedHunk): Fit | null {
  const result = fit(body, hunk, true);
  return result && !body.slice(result.used).some((line) => /^[ +]\s*\S/.test(line.text)) ? result : null;
}

/** True when a changed line follows directly: the hunk is longer than its header says. */
function goesOn(body: TextLine[], i: number): boolean {
  const text = body[i]?.text ?? '';
  return /^[-+](?!- ?$)/.test(text) && !/^[-+]{2,3} /.test(text) && !/^[-+*] \S/.test(text);
}

/** Longer hunks are not searched for a line to flip: the search is quadratic. */
const MAX_FLIP_LINES = 2000;

/** In text without indentation, one line whose own text starts with a marker; only when exactly one fits. */
function flipOne(body: TextLine[], hunk: MendedHunk): Fit | null {
  let found: Fit | null = null;
  if (body.length > MAX_FLIP_LINES) return null;
  for (let i = 0; i < body.length; i++) {
    if (!/^[-+]/.test(body[i]!.text)) continue;
    const changed = [...body];
    changed[i] = { text: ` ${body[i]!.text}`, at: body[i]!.at };
    const result = fit(changed, hunk, true);
    if (!result || result.used <= i) continue;
    if (found) return null;
    found = result;
  }
  return found;
}

/** Mail programs wrap no line shorter than this. */
const WRAPPED_FROM = 60;

/** Lines without a marker belong to the line above, when that is long enough to have been wrapped. */
function joinWrapped(body: TextLine[], hunk: MendedHunk): Fit | null {
  const joined: TextLine[] = [];
  const usedBy: number[] = [];
  for (const [i, line] of body.entries()) {
    const last = joined.at(-1);
    if (last && line.text !== '' && !/^[-+ \\]/.test(line.text)) {
      const word = line.text.split(' ', 1)[0]!;
      if (last.text.replace(/\t/g, '        ').length + word.length < WRAPPED_FROM) return null;
      joined[joined.length - 1] = { text: `${last.text.trimEnd()} ${line.text}`, at: last.at };
      usedBy[usedBy.length - 1] = i + 1;
    } else {
      joined.push(line);
      usedBy.push(i + 1);
    }
  }
  if (joined.length === body.length) return null;
  const result = fit(joined, hunk, false);
  return result && result.used > 0 ? { lines: result.lines, used: usedBy[result.used - 1]! } : null;
}

/** A hunk edited by hand: every line up to the end of the hunk has a marker, only the header's counts are off. */
function recount(body: TextLine[], hunk: MendedHunk, around: Surrounding): Fit | null {
  let used = body.length;
  while (used > 0 && body[used - 1]!.text.trim() === '') used--;
  const lines: TextLine[] = [];
  let oldCount = 0;
  let newCount = 0;
  for (const line of body.slice(0, used)) {
    if (line.text.startsWith('\\ ')) continue;
    const taken = marked(line, false);
    if (!taken) return null;
    if (taken.text[0] !== '+') oldCount++;
    if (taken.text[0] !== '-') newCount++;
    lines.push(taken);
  }
  const longer = oldCount >= hunk.oldCount && newCount >= hunk.newCount;
  // Fewer lines than announced are a cut, unless the hunk still ends as one does and only a change was removed.
  const closed = trailingContext(lines) >= 3 && oldCount + newCount < hunk.oldCount + hunk.newCount;
  if (!longer && (!closed || around.quoted || around.atEnd)) return null;
  return { lines, used: body.length, counts: { oldCount, newCount } };
}

/** Context at the end of the hunk was trimmed away; three context lines end a hunk, so all changes are there. */
function withoutTail(body: TextLine[], hunk: MendedHunk, options: HunkOptions): Fit | null {
  const lines: TextLine[] = [];
  let oldCount = 0;
  let newCount = 0;
  for (const line of body) {
    if (line.text.startsWith('\\ ')) continue;
    const taken = marked(line, options.indentationLost);
    if (!taken) return null;
    if (taken.text[0] !== '+') oldCount++;
    if (taken.text[0] !== '-') newCount++;
    lines.push(taken);
  }
  const missing = hunk.oldCount - oldCount;
  if (missing < 1 || missing !== hunk.newCount - newCount) return null;
  if (missing + trailingContext(lines) !== 3) return null;
  return { lines, used: body.length, counts: { oldCount, newCount } };
}

function trailingContext(lines: TextLine[]): number {
  let count = 0;
  while (count < lines.length && lines[lines.length - 1 - count]!.text[0] === ' ') count++;
  return count;
}

function explain(
  body: TextLine[],
  hunk: MendedHunk,
  options: HunkOptions,
): { problem: string; problemAt: number } {
  let oldCount = 0;
  let newCount = 0;
  for (const line of body) {
    if (line.text.startsWith('\\ ')) continue;
    const taken = marked(line, options.indentationLost);
    if (!taken)
      return {
        problem: 'damaged hunk: this line has none of the markers space, + and -',
        problemAt: line.at,
      };
    if (taken.text[0] !== '+') oldCount++;
    if (taken.text[0] !== '-') newCount++;
    if (oldCount > hunk.oldCount || newCount > hunk.newCount)
      return { problem: `damaged hunk: more lines than its header ${range(hunk)} says`, problemAt: line.at };
  }
  return {
    problem: `truncated hunk: ${range(hunk)} promises ${hunk.oldCount} old and ${hunk.newCount} new lines, found ${oldCount} and ${newCount}`,
    problemAt: hunk.at,
  };
}

function range(hunk: MendedHunk): string {
  return `@@ -${hunk.oldStart},${hunk.oldCount} +${hunk.newStart},${hunk.newCount} @@`;
}
