/**
 * What can be seen of a file before or after a patch: all of it, or the pieces its hunks show.
 *
 * An image knows which of its lines the patch touched and where each stands in the patch, so that a finding at
 * an image's line can be put under the right line of a mail or a pull request.
 */
import type { FilePatch, HunkLine } from '../patch/index.ts';

export interface Piece {
  /** 1-based line of the file at which the text starts. */
  startLine: number;
  text: string;
  /** The hunk's heading: usually the first line of the function it is in. */
  heading: string;
}

interface Mapped {
  side: 'pre' | 'post';
  /** The hunk line that an image line (1-based) is, for all lines that hunks show. */
  hunkLines: Map<number, HunkLine>;
  /** Lines of this image that the other does not have. */
  touched: Set<number>;
  /** Lines of this image directly above which the other image has lines that this one lacks. */
  gaps: Set<number>;
}

export interface WholeImage extends Mapped {
  kind: 'whole';
  text: string;
}

export interface HunksImage extends Mapped {
  kind: 'hunks';
  /** One for each hunk, in order; the text is '' when the hunk has nothing on this side. */
  pieces: Piece[];
}

export type Image = WholeImage | HunksImage;

/** Lines that a patch added to (post) or took from (pre) this image, and where lines of the other side are missing. */
export function changedLines(image: Image): { touched: Set<number>; gaps: Set<number> } {
  return { touched: image.touched, gaps: image.gaps };
}

/** The image's line as the patch numbers it: the same but for hunks that applied at an offset. */
export function patchLine(image: Image, line: number): number {
  const number = (shown: HunkLine) => (image.side === 'post' ? shown.newLine : shown.oldLine);
  const shown = image.hunkLines.get(line);
  if (shown) return number(shown);
  let nearest = 0;
  for (const candidate of image.hunkLines.keys())
    if (candidate < line && candidate > nearest) nearest = candidate;
  return nearest === 0 ? line : line - nearest + number(image.hunkLines.get(nearest)!);
}

/** A whole image; `shown` maps 0-based indexes of its lines to hunk lines. */
export function wholeImage(
  side: 'pre' | 'post',
  text: string,
  shown: Map<number, HunkLine>,
  file: FilePatch,
): WholeImage {
  const hunkLines = new Map([...shown].map(([index, line]) => [index + 1, line]));
  return { kind: 'whole', side, text, hunkLines, ...marks(side, hunkLines, file) };
}

/** The pieces of a file that its hunks show. */
export function hunksImage(side: 'pre' | 'post', file: FilePatch): HunksImage {
  const other = side === 'post' ? 'delete' : 'add';
  const hunkLines = new Map<number, HunkLine>();
  const pieces = file.hunks.map((hunk): Piece => {
    const lines = hunk.lines.filter((line) => line.kind !== other);
    for (const line of lines) hunkLines.set(side === 'post' ? line.newLine : line.oldLine, line);
    return {
      startLine: side === 'post' ? hunk.newStart : hunk.oldStart,
      text: lines.map((line) => `${line.text}\n`).join(''),
      heading: hunk.heading,
    };
  });
  return { kind: 'hunks', side, pieces, hunkLines, ...marks(side, hunkLines, file) };
}

function marks(
  side: 'pre' | 'post',
  hunkLines: Map<number, HunkLine>,
  file: FilePatch,
): { touched: Set<number>; gaps: Set<number> } {
  const own = side === 'post' ? 'add' : 'delete';
  const touched = new Set<number>();
  const gaps = new Set<number>();
  const lineOf = new Map<HunkLine, number>();
  for (const [line, shown] of hunkLines) {
    lineOf.set(shown, line);
    if (shown.kind === own) touched.add(line);
  }
  for (const hunk of file.hunks) {
    let last = 0;
    let missing = false;
    for (const shown of hunk.lines) {
      const line = lineOf.get(shown);
      if (line === undefined) missing ||= shown.kind !== 'context' && shown.kind !== own;
      else {
        if (missing) gaps.add(line);
        missing = false;
        last = line;
      }
    }
    if (missing && last > 0) gaps.add(last + 1);
  }
  return { touched, gaps };
}
