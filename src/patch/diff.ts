/**
 * Reads the diffs in a list of lines: finds file sections, their names and kinds, and their hunks.
 *
 * The scan is ours because it must survive mail: it mends or refuses damaged hunks (hunk.ts), reads names that
 * parse-diff gets wrong (names.ts), and remembers the line of the input each line came from. parse-diff then
 * turns every mended file, written out canonically, into hunks with line numbers.
 */
import parseDiff from 'parse-diff';
import type { TextLine } from './decode.ts';
import { endsHunk, isHunkHeader, type MendedHunk, readHunk } from './hunk.ts';
import { readGitNames, readHeaderName, readQuoted, stripPrefixes } from './names.ts';
import type { FilePatch, Hunk, HunkLine } from './series.ts';

export interface DiffReading {
  files: FilePatch[];
  /** Lines above the first diff and below the last. */
  before: TextLine[];
  after: TextLine[];
  indentationLost: boolean;
  skipped: { file: string; what: string; at: number }[];
  repaired: { at: number; what: string }[];
}

interface Section {
  at: number;
  git: boolean;
  gitNames: [string, string] | null;
  oldName: string | null;
  newName: string | null;
  created: boolean;
  deleted: boolean;
  moved: 'rename' | 'copy' | '';
  binary: boolean;
  combined: boolean;
  hunks: MendedHunk[];
  incomplete: boolean;
}

/** True when a file's diff starts at line `i`. */
export function startsDiff(lines: TextLine[], i: number): boolean {
  const text = lines[i]!.text;
  if (text.startsWith('diff '))
    return /^diff (?:--git |--cc |--combined )\S/.test(text) || isPlainDiff(lines, i);
  if (text.startsWith('Index: ')) return isNamePair(lines, i + 1) || isNamePair(lines, i + 2);
  return isNamePair(lines, i);
}

/** `diff -up a/x b/x`, as long as the names follow: prose may start with the word. */
function isPlainDiff(lines: TextLine[], i: number): boolean {
  return /^diff -[a-zA-Z]/.test(lines[i]!.text) && isNamePair(lines, i + 1);
}

function isNamePair(lines: TextLine[], i: number): boolean {
  return (
    /^--- \S/.test(lines[i]?.text ?? '') &&
    /^\+\+\+ \S/.test(lines[i + 1]?.text ?? '') &&
    lines[i + 2] !== undefined &&
    isHunkHeader(lines[i + 2]!.text)
  );
}

/** Reads all diffs in `lines`; `quoted` says that a reply quoted them, so that pieces may be missing. */
export function readDiff(lines: TextLine[], quoted: boolean): DiffReading {
  const indentationLost = lostIndentation(lines);
  const result: DiffReading = {
    files: [],
    before: [],
    after: [],
    indentationLost,
    skipped: [],
    repaired: [],
  };
  const sections: Section[] = [];
  let section: Section | null = null;
  let inHeader = false;
  let i = 0;
  while (i < lines.length) {
    const { text, at } = lines[i]!;
    if (startsDiff(lines, i) && !(section !== null && inHeader && text.startsWith('--- '))) {
      section = newSection(at);
      sections.push(section);
      inHeader = true;
      result.after = [];
    }
    if (isHunkHeader(text)) {
      if (section) {
        const reading = readHunk(lines, i, { indentationLost, quoted });
        if (reading.hunk) section.hunks.push(reading.hunk);
        else {
          section.incomplete = true;
          result.skipped.push({ file: sectionPath(section), what: reading.problem, at: reading.problemAt });
        }
        if (reading.repair) result.repaired.push({ at, what: reading.repair });
        i = reading.next;
        inHeader = false;
        continue;
      }
      result.skipped.push({ file: '', what: 'hunk without a file name above it', at });
    }
    if (section && inHeader) inHeader = readSectionLine(section, text);
    else (sections.length === 0 ? result.before : result.after).push(lines[i]!);
    i++;
  }
  for (const each of sections) addFile(each, result);
  return result;
}

function newSection(at: number): Section {
  return {
    at,
    git: false,
    gitNames: null,
    oldName: null,
    newName: null,
    created: false,
    deleted: false,
    moved: '',
    binary: false,
    combined: false,
    hunks: [],
    incomplete: false,
  };
}

/** Takes one line of a file's header; false when the header has ended before it. */
function readSectionLine(section: Section, text: string): boolean {
  const rest = (prefix: string) => text.slice(prefix.length);
  if (text.startsWith('diff --git ')) {
    section.git = true;
    section.gitNames = readGitNames(rest('diff --git '));
  } else if (/^diff --(?:cc|combined) /.test(text)) {
    section.combined = true;
    section.gitNames = [text.replace(/^diff --\S+ /, ''), text.replace(/^diff --\S+ /, '')];
  } else if (text.startsWith('--- ')) section.oldName = readHeaderName(rest('--- '));
  else if (text.startsWith('+++ ')) section.newName = readHeaderName(rest('+++ '));
  else if (text.startsWith('new file mode ')) section.created = true;
  else if (text.startsWith('deleted file mode ')) section.deleted = true;
  else if (/^(?:rename|copy) from /.test(text)) {
    section.moved = text.startsWith('rename') ? 'rename' : 'copy';
    section.oldName = plainName(text.replace(/^\S+ from /, ''));
  } else if (/^(?:rename|copy) to /.test(text)) section.newName = plainName(text.replace(/^\S+ to /, ''));
  else if (/^(?:GIT binary patch|Binary files .* differ)$/.test(text)) section.binary = true;
  else if (section.binary && text !== '') return !/^-- ?$/.test(text);
  else return /^(?:diff |Index: |index |old mode |new mode |similarity |dissimilarity |={20})/.test(text);
  return true;
}

function plainName(text: string): string {
  return text.startsWith('"') ? readQuoted(text).name : text;
}

function names(section: Section): { oldPath: string; newPath: string } {
  if (section.moved && section.oldName !== null && section.newName !== null) {
    // rename lines have no prefixes; when --- and +++ followed, they replaced them.
    if (section.hunks.length === 0 && !section.incomplete)
      return { oldPath: section.oldName, newPath: section.newName };
    return stripPrefixes(section.oldName, section.newName, true);
  }
  let [a, b] = [
    section.oldName ?? section.gitNames?.[0] ?? '',
    section.newName ?? section.gitNames?.[1] ?? '',
  ];
  if (section.oldName === null && section.newName === null) {
    if (section.created) a = '';
    if (section.deleted) b = '';
  }
  return stripPrefixes(a, b, section.git);
}

function sectionPath(section: Section): string {
  const { oldPath, newPath } = names(section);
  return newPath || oldPath;
}

function addFile(section: Section, result: DiffReading): void {
  const { oldPath, newPath } = names(section);
  const path = newPath || oldPath;
  if (path === '') {
    result.skipped.push({ file: '', what: 'diff without a readable file name', at: section.at });
    return;
  }
  if (section.combined) {
    result.skipped.push({
      file: path,
      what: 'combined diff of a merge; give the diff against one parent',
      at: section.at,
    });
    return;
  }
  const created = oldPath === '' || section.created;
  const deleted = newPath === '' || section.deleted;
  result.files.push({
    oldPath: created ? '' : oldPath,
    newPath: deleted ? '' : newPath,
    kind: created ? 'add' : deleted ? 'delete' : section.moved || (oldPath !== newPath ? 'rename' : 'modify'),
    binary: section.binary,
    hunks: numberLines(section.hunks, result.indentationLost),
    incomplete: section.incomplete,
  });
}

/** Hands mended hunks to parse-diff and joins its line numbers with where the lines stood in the input. */
function numberLines(hunks: MendedHunk[], indentationLost: boolean): Hunk[] {
  if (hunks.length === 0) return [];
  const canonical = ['--- a/file', '+++ b/file'];
  for (const hunk of hunks) {
    canonical.push(`@@ -${hunk.oldStart},${hunk.oldCount} +${hunk.newStart},${hunk.newCount} @@`);
    for (const line of hunk.lines) canonical.push(line.text);
  }
  const chunks = parseDiff(canonical.join('\n'))[0]!.chunks;
  return hunks.map((hunk, k) => ({
    oldStart: hunk.oldStart,
    oldCount: hunk.oldCount,
    newStart: hunk.newStart,
    newCount: hunk.newCount,
    heading: hunk.heading,
    inputLine: hunk.at,
    lines: chunks[k]!.changes.map((change, n): HunkLine => {
      const inputLine = hunk.lines[n]!.at;
      const text = indentationLost ? change.content.slice(1).trimStart() : change.content.slice(1);
      if (change.type === 'add') return { kind: 'add', text, oldLine: 0, newLine: change.ln, inputLine };
      if (change.type === 'del') return { kind: 'delete', text, oldLine: change.ln, newLine: 0, inputLine };
      return { kind: 'context', text, oldLine: change.ln1, newLine: change.ln2, inputLine };
    }),
  }));
}

/**
 * True when the text lost all indentation, as web archives print it: inside hunks there are lines without a
 * marker, and no line has white space where indentation would be.
 */
function lostIndentation(lines: TextLine[]): boolean {
  let bare = 0;
  let i = 0;
  while (i < lines.length) {
    if (!isHunkHeader(lines[i]!.text)) {
      i++;
      continue;
    }
    for (i++; !endsHunk(lines, i); i++) {
      const { text } = lines[i]!;
      if (text.trim() === '') continue;
      if (/^[ \t]/.test(text) || /^[-+](?:\t| {2})/.test(text)) return false;
      if (!/^[-+\\]/.test(text)) bare++;
    }
  }
  return bare > 0;
}
