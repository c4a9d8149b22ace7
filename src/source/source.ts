/**
 * Pre- and post-images of the files of a patch, from a directory or from the hunks alone.
 *
 * With a directory, the patches of a series are applied on top of each other in memory, in their order. A tree
 * that already has the whole series, or the first patches of it, is recognised: those are taken back first. A file that does not apply is
 * seen through its hunks, and says so in its note. Nothing is ever written.
 */
import {
  type FilePatch,
  type Hunk,
  type HunkLine,
  type Patch,
  type PatchSeries,
  pathOf,
} from '../patch/index.ts';
import { applyHunks, applyStrictly, reverseHunks } from './apply.ts';
import { hunksImage, type Image, wholeImage } from './image.ts';
import { openTree, type Tree } from './tree.ts';

export interface FileImages {
  /** The path after the patch, or before it for a deleted file. */
  path: string;
  /** Null when the file does not exist on that side, or is binary. */
  pre: Image | null;
  post: Image | null;
  /** Why less can be seen than was asked for. */
  note?: string;
}

export interface Source {
  /** The directory that images come from; null when there are only hunks. */
  readonly tree: string | null;
  /** What can be seen of the file before and after the patch; the same answer however often it is asked. */
  images(patch: Patch, file: FilePatch): FileImages;
  /**
   * A file of the tree, for callees and headers, as the patches asked for so far leave it.
   * Null when there is no tree, or no such file inside it.
   */
  read(path: string): string | null;
}

/**
 * @param options.tree a source tree, the directory that paths in patches start from.
 * @param options.series what will be asked for; needed to recognise a tree that has the series already.
 * @throws InputError when the tree is not a directory.
 */
export function openSource(options: { tree?: string; series?: PatchSeries } = {}): Source {
  if (options.tree === undefined) {
    return {
      tree: null,
      images: (_patch, file) => seenThroughHunks(file),
      read: () => null,
    };
  }
  return openSourceOn(openTree(options.tree), options.series);
}

/** The same on files that are read in whatever way `tree` has. */
export function openSourceOn(tree: Tree, series?: PatchSeries): Source {
  const overlay = new Map<string, string | null>();
  const done = new Map<FilePatch, FileImages>();
  const queue = (series?.patches ?? []).flatMap((patch) => patch.files.map((file) => ({ patch, file })));
  let started = false;
  const read = (path: string) => (overlay.has(path) ? overlay.get(path)! : tree.read(path));

  return {
    tree: tree.directory,
    read,
    images(patch, file) {
      if (!started) {
        started = true;
        takeBack(series?.patches ?? [patch], read, overlay);
      }
      while (!done.has(file)) {
        const next = queue.shift() ?? { patch, file };
        done.set(next.file, applyFile(next.patch, next.file, read, overlay));
      }
      return done.get(file)!;
    },
  };
}

type Read = (path: string) => string | null;

/** When the first patch does not apply as it stands, takes back the longest run of patches that the tree has. */
function takeBack(patches: Patch[], read: Read, overlay: Map<string, string | null>): void {
  const first = patches[0];
  if (!first || first.files.every((file) => appliesForward(first, file, read))) return;
  for (let count = patches.length; count > 0; count--) {
    const trial = new Map<string, string | null>();
    const readTrial: Read = (path) => (trial.has(path) ? trial.get(path)! : read(path));
    const files = patches.slice(0, count).flatMap((patch) => patch.files.map((file) => ({ patch, file })));
    if (!files.reverse().every(({ patch, file }) => unapply(patch, file, readTrial, trial))) continue;
    for (const [path, text] of trial) overlay.set(path, text);
    return;
  }
}

function appliesForward(patch: Patch, file: FilePatch, read: Read): boolean {
  if (file.binary || file.incomplete) return true;
  if (file.kind === 'add') return read(file.newPath) === null;
  const text = read(file.oldPath);
  return text !== null && applyStrictly(splitLines(text), file.hunks, patch.indentationLost).ok;
}

/** Takes one file's change back, without fuzz; false when the tree does not have it. */
function unapply(patch: Patch, file: FilePatch, read: Read, into: Map<string, string | null>): boolean {
  if (file.binary || file.incomplete) return true;
  if (file.kind === 'delete') {
    if (read(file.oldPath) !== null) return false;
    into.set(file.oldPath, sideText(file.hunks, 'add'));
    return true;
  }
  const text = read(file.newPath);
  if (text === null) return false;
  const lines = splitLines(text);
  const back = applyStrictly(lines, reverseHunks(file.hunks), patch.indentationLost);
  if (!back.ok) return false;
  if (file.newPath !== file.oldPath) into.set(file.newPath, null);
  if (file.oldPath !== '' && file.kind !== 'copy') into.set(file.oldPath, joinLines(back.lines));
  return true;
}

function applyFile(
  patch: Patch,
  file: FilePatch,
  read: Read,
  overlay: Map<string, string | null>,
): FileImages {
  const path = pathOf(file);
  if (file.binary || file.kind === 'add' || file.kind === 'delete') {
    const images = seenThroughHunks(file);
    if (file.kind === 'delete') overlay.set(file.oldPath, null);
    else if (images.post?.kind === 'whole') overlay.set(path, images.post.text);
    return images;
  }
  const text = read(file.oldPath);
  if (text === null)
    return { ...seenThroughHunks(file), note: `${file.oldPath} is not in the tree; ${ONLY_HUNKS}` };
  if (file.incomplete) return seenThroughHunks(file);
  const applied = applyHunks(splitLines(text), file.hunks, patch.indentationLost);
  if (!applied.ok) {
    const { oldStart, oldCount, newStart, newCount } = applied.hunk;
    const range = `@@ -${oldStart},${oldCount} +${newStart},${newCount} @@`;
    return {
      ...seenThroughHunks(file),
      note: `${path}: hunk ${range} does not apply to the tree; ${ONLY_HUNKS}`,
    };
  }
  const after = joinLines(applied.lines);
  if (file.kind === 'rename') overlay.set(file.oldPath, null);
  overlay.set(path, after);
  return {
    path,
    pre: wholeImage('pre', text, applied.before, file),
    post: wholeImage('post', after, applied.after, file),
  };
}

const ONLY_HUNKS = 'reviewed from its hunks alone';

/** Without a tree: a new or deleted file is whole in its hunks, any other is the pieces that hunks show. */
function seenThroughHunks(file: FilePatch): FileImages {
  const path = pathOf(file);
  if (file.binary) return { path, pre: null, post: null, note: `${path} is binary` };
  const note = file.incomplete ? { note: `${path}: a damaged hunk was left out; ${ONLY_HUNKS}` } : {};
  if (file.incomplete || (file.kind !== 'add' && file.kind !== 'delete'))
    return { path, pre: hunksImage('pre', file), post: hunksImage('post', file), ...note };
  const lines = file.hunks.flatMap((hunk) => hunk.lines);
  const shown = new Map(lines.map((line, i): [number, HunkLine] => [i, line]));
  return file.kind === 'add'
    ? { path, pre: null, post: wholeImage('post', sideText(file.hunks, 'delete'), shown, file) }
    : { path, pre: wholeImage('pre', sideText(file.hunks, 'add'), shown, file), post: null };
}

/** The text of one side: all hunk lines but those of the kind that only the other side has. */
function sideText(hunks: Hunk[], without: HunkLine['kind']): string {
  return joinLines(
    hunks.flatMap((hunk) => hunk.lines.filter((line) => line.kind !== without).map((line) => line.text)),
  );
}

function splitLines(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function joinLines(lines: string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
