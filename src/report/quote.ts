/**
 * Cuts the lines of a diff that a comment is about: up to ten lines ending with the one that is wrong.
 *
 * The position is the location, so the offending line is always the last one quoted.
 */
import type { Finding } from '../check/finding.ts';
import {
  type FilePatch,
  type Hunk,
  type HunkLine,
  type Patch,
  type PatchSeries,
  pathOf,
} from '../patch/index.ts';

/** Lines quoted above and including the offending one. */
const MOST = 10;
const LEAST = 3;

export interface Anchor {
  patch: Patch;
  file: FilePatch;
  hunk: Hunk;
  /** Index into `hunk.lines` of the line that the comment goes below. */
  index: number;
}

/** Where in the series a finding belongs: its own line, else the nearest changed line of its file; null when the patch does not have the file. */
export function anchorOf(series: PatchSeries, finding: Finding): Anchor | null {
  const patch = series.patches.find((each) => each.index === finding.patch);
  const file = patch?.files.find((each) => pathOf(each) === finding.file || each.oldPath === finding.file);
  if (!patch || !file) return null;
  const left = finding.side === 'LEFT';
  const number = (line: HunkLine) => (left ? line.oldLine : line.newLine);
  const wanted = Math.max(finding.line, finding.endLine);
  let best: Anchor | null = null;
  let distance = Number.POSITIVE_INFINITY;
  for (const hunk of file.hunks)
    for (const [index, line] of hunk.lines.entries()) {
      if (number(line) === 0) continue;
      const changed = line.kind !== 'context';
      const away = Math.abs(number(line) - wanted);
      // An exact line wins; otherwise only changed lines are worth quoting.
      if (away !== 0 && !changed) continue;
      if (away < distance) {
        distance = away;
        best = { patch, file, hunk, index };
      }
    }
  return best;
}

/** The hunk lines to quote for a comment, from `from` on; the last is the offending one. */
export function quotedRange(anchor: Anchor, from = 0): { first: number; last: number } {
  const { lines } = anchor.hunk;
  const last = anchor.index;
  let first = last;
  // Back to the start of what was changed here, and a line or two above it.
  while (first > from && lines[first - 1]!.kind !== 'context' && last - first < MOST - 2) first--;
  first = Math.max(from, Math.min(first - 1, last - LEAST + 1), last - MOST + 1);
  while (last - first >= LEAST && lines[first]!.text.trim() === '') first++;
  return { first, last };
}

/** A hunk line as the diff has it, marker first. */
export function diffText(line: HunkLine): string {
  return (line.kind === 'add' ? '+' : line.kind === 'delete' ? '-' : ' ') + line.text;
}

/** `@@ -1,7 +1,8 @@ heading`. */
export function hunkHeader(hunk: Hunk): string {
  const range = `@@ -${hunk.oldStart},${hunk.oldCount} +${hunk.newStart},${hunk.newCount} @@`;
  return hunk.heading === '' ? range : `${range} ${hunk.heading}`;
}
