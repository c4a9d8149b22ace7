/** What a mail or a diff holds: a series of patches, each with files and hunks. */

export interface HunkLine {
  kind: 'context' | 'add' | 'delete';
  /** Without the leading marker and without the line end. */
  text: string;
  /** 1-based line number in the pre-image (context, delete), else 0. */
  oldLine: number;
  /** 1-based line number in the post-image (context, add), else 0. */
  newLine: number;
}

export interface Hunk {
  oldStart: number;
  oldCount: number;
  newStart: number;
  newCount: number;
  /** What follows the second @@: usually the function's first line. */
  heading: string;
  lines: HunkLine[];
}

export interface FilePatch {
  /** Path before and after; equal unless renamed or copied; '' for /dev/null. */
  oldPath: string;
  newPath: string;
  binary: boolean;
  hunks: Hunk[];
}

export interface Patch {
  /** Subject without prefixes, `mm/mempolicy: fix …`; '' when there is none. */
  subject: string;
  /** 1-based position in the series and its length; 1/1 for a single patch. */
  index: number;
  total: number;
  version: number;
  messageId: string;
  from: string;
  date: string;
  /** The changelog: the text between headers and the diff, without trailers below `---`. */
  message: string;
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
  patches: Patch[];
  /** Files and hunks that were left out, with the reason. */
  skipped: { file: string; reason: string }[];
}
