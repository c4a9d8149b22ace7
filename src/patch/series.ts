/** What a mail or a diff holds: a series of patches, each with files and hunks. */

export interface HunkLine {
  kind: 'context' | 'add' | 'delete';
  /** Without the leading marker and without the line end. */
  text: string;
  /** 1-based line number in the pre-image (context, delete), else 0. */
  oldLine: number;
  /** 1-based line number in the post-image (context, add), else 0. */
  newLine: number;
  /** 1-based line of the input where it stands; when the mail was encoded, the line where its message starts. */
  inputLine: number;
}

export interface Hunk {
  oldStart: number;
  oldCount: number;
  newStart: number;
  newCount: number;
  /** What follows the second @@: usually the function's first line. */
  heading: string;
  lines: HunkLine[];
  /** 1-based line of the input where its @@ stands. */
  inputLine: number;
}

export interface FilePatch {
  /** Path before and after; equal unless renamed or copied; '' for /dev/null. */
  oldPath: string;
  newPath: string;
  /** What happens to the file; a change of mode alone is a `modify` without hunks. */
  kind: 'modify' | 'add' | 'delete' | 'rename' | 'copy';
  binary: boolean;
  hunks: Hunk[];
  /** True when a hunk of this file was too damaged to read, so that `hunks` is not the whole change. */
  incomplete: boolean;
}

export interface Patch {
  /** Subject without prefixes, `mm/mempolicy: fix …`; '' when there is none. */
  subject: string;
  /** Subject as mailed, prefixes included, without `Re:`; '' when there is none. */
  fullSubject: string;
  /** 1-based position in the series and its length; 1/1 for a single patch. */
  index: number;
  total: number;
  version: number;
  messageId: string;
  /** Message ids of the thread above this mail, oldest first, without angle brackets. */
  references: string[];
  /** The author as mail writes it, `Name <address>`; the name alone when no address is known. */
  from: string;
  date: string;
  /** The changelog: the text between headers and the diff, up to `---`. */
  message: string;
  /** What stands between `---` and the diff: changes since the last version, a diffstat. */
  remarks?: string;
  trailers: { name: string; value: string }[];
  files: FilePatch[];
  /** Base commit when the mail names one. */
  baseCommit: string;
  /** True when indentation was lost (a web archive's text), so that context cannot be compared exactly. */
  indentationLost: boolean;
}

export interface PatchSeries {
  subject: string;
  messageId: string;
  version: number;
  cover: string;
  /** Base commit that the cover letter names. */
  baseCommit?: string;
  patches: Patch[];
  /** Files and hunks that were left out, with the reason. */
  skipped: { file: string; reason: string }[];
  /** What was repaired while reading, one sentence each, `name:line: …`. */
  repaired: string[];
}

/** The path a person means by this file: its name after the patch, or before it when it is deleted. */
export function pathOf(file: FilePatch): string {
  return file.newPath || file.oldPath;
}
