/**
 * Applies hunks to a file's lines with git's and patch's leniency: anywhere in the file nearest to where the
 * hunk says, with up to two context lines ignored at either end, and with white space ignored when the mail
 * lost it. Context and unchanged lines are always the file's own. Knows nothing of directories.
 */
import type { Hunk, HunkLine } from '../patch/index.ts';

/** How many context lines at either end may differ, as `patch` allows. */
const MAX_FUZZ = 2;

export type Applied =
  | {
      ok: true;
      lines: string[];
      /** For each line before and after: the hunk line that is it, by 0-based index. */
      before: Map<number, HunkLine>;
      after: Map<number, HunkLine>;
    }
  | { ok: false; hunk: Hunk };

interface Place {
  /** 0-based index of the first pre-image line that is replaced. */
  at: number;
  /** Added to `at`, it gives the place of the hunk's own first line. */
  skipped: number;
  /** The hunk's lines that take part, context dropped by fuzz excluded. */
  lines: HunkLine[];
}

/** Applies all hunks or none; the first that has no place is named. */
export function applyHunks(file: string[], hunks: Hunk[], indentationLost: boolean): Applied {
  const strict = applyStrictly(file, hunks, indentationLost);
  if (strict.ok) return strict;
  if (indentationLost) return place(file, hunks, { same: sameWords(), maxFuzz: MAX_FUZZ, anchored: false });
  const exact = place(file, hunks, { same: sameText, maxFuzz: MAX_FUZZ, anchored: false });
  if (exact.ok) return exact;
  const loose = place(file, hunks, { same: sameWords(), maxFuzz: 0, anchored: false });
  return loose.ok ? loose : exact;
}

/** Applies as git does by default: no context ignored, and hunks of the file's ends only there. */
export function applyStrictly(file: string[], hunks: Hunk[], indentationLost: boolean): Applied {
  return place(file, hunks, { same: indentationLost ? sameWords() : sameText, maxFuzz: 0, anchored: true });
}

/** The same hunks the other way round: what was added is deleted. */
export function reverseHunks(hunks: Hunk[]): Hunk[] {
  const turned = { add: 'delete', delete: 'add', context: 'context' } as const;
  return hunks.map((hunk) => ({
    ...hunk,
    oldStart: hunk.newStart,
    oldCount: hunk.newCount,
    newStart: hunk.oldStart,
    newCount: hunk.oldCount,
    lines: hunk.lines.map((line) => ({
      ...line,
      kind: turned[line.kind],
      oldLine: line.newLine,
      newLine: line.oldLine,
    })),
  }));
}

type Same = (fileLine: string, hunkLine: string) => boolean;

function sameText(a: string, b: string): boolean {
  return a === b || (a.length === b.length + 1 && a.endsWith('\r') && a.startsWith(b));
}

/** Equal but for white space; remembers what it squeezed, because lines are compared many times. */
function sameWords(): Same {
  const squeezed = new Map<string, string>();
  const squeeze = (text: string) => {
    const known = squeezed.get(text);
    if (known !== undefined) return known;
    const value = text.replace(/\s+/g, '');
    squeezed.set(text, value);
    return value;
  };
  return (a, b) => squeeze(a) === squeeze(b);
}

interface Leniency {
  same: Same;
  maxFuzz: number;
  /** A hunk that starts at the first line, or has no context at its end, must be at that end of the file. */
  anchored: boolean;
}

function place(file: string[], hunks: Hunk[], leniency: Leniency): Applied {
  const lines: string[] = [];
  const before = new Map<number, HunkLine>();
  const after = new Map<number, HunkLine>();
  let copied = 0;
  let drift = 0;
  for (const hunk of hunks) {
    const expected = hunk.oldStart - (hunk.oldCount === 0 ? 0 : 1) + drift;
    const found = findPlace(file, hunk, expected, copied, leniency);
    if (!found) return { ok: false, hunk };
    for (; copied < found.at; copied++) lines.push(file[copied]!);
    for (const line of found.lines) {
      if (line.kind !== 'add') before.set(copied, line);
      if (line.kind !== 'delete') after.set(lines.length, line);
      if (line.kind === 'add') lines.push(line.text);
      else if (line.kind === 'delete') copied++;
      else lines.push(file[copied++]!);
    }
    drift += found.at + found.skipped - expected;
  }
  for (; copied < file.length; copied++) lines.push(file[copied]!);
  return { ok: true, lines, before, after };
}

function findPlace(
  file: string[],
  hunk: Hunk,
  expected: number,
  from: number,
  { same, maxFuzz, anchored }: Leniency,
): Place | null {
  if (hunk.oldCount === 0) {
    const fits = expected >= from && expected <= file.length;
    return fits ? { at: expected, skipped: 0, lines: hunk.lines } : null;
  }
  const leading = hunk.lines.findIndex((line) => line.kind !== 'context');
  const trailing = [...hunk.lines].reverse().findIndex((line) => line.kind !== 'context');
  for (let fuzz = 0; fuzz <= maxFuzz; fuzz++) {
    const head = Math.min(fuzz, Math.max(leading, 0));
    const tail = Math.min(fuzz, Math.max(trailing, 0));
    if (fuzz > 0 && head < fuzz && tail < fuzz) return null;
    const lines = hunk.lines.slice(head, hunk.lines.length - tail);
    const old = lines.filter((line) => line.kind !== 'add').map((line) => line.text);
    // Too little to recognise a place by once context has been given up.
    if (fuzz > 0 && old.filter((text) => /\w/.test(text)).length < 2) return null;
    const at = search(file, old, expected + head, from, same);
    const misplaced =
      anchored && ((hunk.oldStart === 1 && at !== 0) || (trailing === 0 && at + old.length !== file.length));
    if (at >= 0 && !misplaced) return { at, skipped: -head, lines };
  }
  return null;
}

/** The nearest index to `expected`, not before `from`, at which `old` stands; -1 when there is none. */
function search(file: string[], old: string[], expected: number, from: number, same: Same): number {
  const last = file.length - old.length;
  for (let distance = 0; distance <= Math.max(last, expected); distance++) {
    for (const at of distance === 0 ? [expected] : [expected - distance, expected + distance]) {
      if (at < from || at > last) continue;
      if (old.every((text, i) => same(file[at + i]!, text))) return at;
    }
  }
  return -1;
}
