/**
 * The prose around a diff: changelog, trailers, base commit.
 *
 * The changelog ends at `---`; base-commit and change-id stand below it or after the diff, so they are looked
 * for in everything that is not diff.
 */
import type { TextLine } from './decode.ts';

export interface Changelog {
  message: string;
  trailers: { name: string; value: string }[];
  baseCommit: string;
  /** What stands below `---`, above the diff. */
  remarks: string;
  /** Subject that the body gives (below a scissors line), else ''. */
  subject: string;
  /** Author named in the body (`From: …` as its first line), else ''. */
  from: string;
}

const TRAILER =
  /^([A-Z][A-Za-z]*(?:-[A-Za-z]+)*-(?:[Bb]y|[Tt]o)|Fixes|Link|Closes|Cc|Change-Id|change-id|base-commit|prerequisite-patch-id): +(\S.*)$/;

/** Reads the lines before the diff and those after it. */
export function readChangelog(before: TextLine[], after: TextLine[]): Changelog {
  let lines = belowScissors(before.map((line) => line.text.trimEnd()));
  let from = '';
  let subject = '';
  for (;;) {
    const first = lines.findIndex((line) => line !== '');
    const header = first >= 0 ? /^(From|Subject|Date): (.+)$/.exec(lines[first]!) : null;
    // `Subject:` and `Date:` count only beside `From:` or below scissors, as git am has it.
    if (!header || (header[1] !== 'From' && from === '' && lines.length === before.length)) break;
    if (header[1] === 'From') from = header[2]!;
    if (header[1] === 'Subject') subject = header[2]!;
    lines = lines.slice(first + 1);
  }
  const end = lines.indexOf('---');
  const message = (end < 0 ? lines : lines.slice(0, end)).join('\n').trim();
  const remarks =
    end < 0
      ? ''
      : lines
          .slice(end + 1)
          .join('\n')
          .trim();
  const trailers: Changelog['trailers'] = [];
  let baseCommit = '';
  for (const line of [...lines, ...after.map((each) => each.text)]) {
    const match = TRAILER.exec(line.trimEnd());
    if (!match) continue;
    const [, name, value] = match as unknown as [string, string, string];
    trailers.push({ name, value });
    if (name === 'base-commit' && /^[0-9a-f]{7,64}$/.test(value)) baseCommit = value;
  }
  return { message, trailers, baseCommit, from, remarks, subject };
}

/** A changelog starts below the last scissors line, `-- >8 --`, when there is one. */
function belowScissors(lines: string[]): string[] {
  const cut = lines.findLastIndex((line) => /^-+ *(?:>8|8<|>%|%<) *-+(?:.*-)?$/.test(line.trim()));
  return cut < 0 ? lines : lines.slice(cut + 1);
}
