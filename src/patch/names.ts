/**
 * File names as diffs write them: quoted by git, with or without prefixes, with timestamps.
 *
 * Names are relative to the top of the tree when this is done. Nothing here decides whether a name is safe to
 * open: src/source does.
 */

export interface NamePair {
  oldPath: string;
  newPath: string;
}

/** What follows `--- ` or `+++ `: the raw name, '' when the file does not exist on that side. */
export function readHeaderName(rest: string): string {
  const name = rest.startsWith('"') ? readQuoted(rest).name : rest.replace(/\t.*$/, '').trimEnd();
  if (name === '/dev/null') return '';
  // diff -N writes the epoch for a file that is not there.
  if (/\t(?:1970-01-01|1969-12-31)\b/.test(rest) || /\tThu Jan +1 .* 1970/.test(rest)) return '';
  return name.replace(/\s+\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.*$/, '');
}

/** The two names of `diff --git A B`; null when it cannot be told where the first ends. */
export function readGitNames(rest: string): [string, string] | null {
  if (rest.startsWith('"')) {
    const first = readQuoted(rest);
    const second = rest.slice(first.length).trimStart();
    return [first.name, second.startsWith('"') ? readQuoted(second).name : second];
  }
  const quoted = rest.indexOf(' "');
  if (quoted > 0) return [rest.slice(0, quoted), readQuoted(rest.slice(quoted + 1)).name];
  const words = rest.split(' ');
  if (words.length === 2) return [words[0]!, words[1]!];
  // Names with blanks: both sides are the same but for their prefix, so they have about the same length.
  for (let cut = 1; cut < words.length; cut++) {
    const a = words.slice(0, cut).join(' ');
    const b = words.slice(cut).join(' ');
    if (a.slice(a.indexOf('/') + 1) === b.slice(b.indexOf('/') + 1)) return [a, b];
  }
  return null;
}

/** Takes the prefixes off a pair of raw names; '' stays ''. `git` says that a `diff --git` line was there. */
export function stripPrefixes(oldName: string, newName: string, git: boolean): NamePair {
  const a = oldName.replace(/^\.\//, '');
  const b = newName.replace(/^\.\//, '');
  if (a === '' || b === '') {
    const only = a || b;
    const bare = /^[abciow12]\//.test(only) ? only.slice(2) : only;
    return a === '' ? { oldPath: '', newPath: bare } : { oldPath: bare, newPath: '' };
  }
  if (/^[aciow1]\//.test(a) && /^[bciow2]\//.test(b) && a[0] !== b[0])
    return { oldPath: a.slice(2), newPath: b.slice(2) };
  if (a === b) return { oldPath: a, newPath: b };
  const restA = a.slice(a.indexOf('/') + 1);
  const restB = b.slice(b.indexOf('/') + 1);
  if (restA === restB && a.includes('/') && b.includes('/')) return { oldPath: restA, newPath: restB };
  if (!git && a.replace(/(?:\.orig|\.old|~)$/, '') === b) return { oldPath: b, newPath: b };
  if (!git && b.replace(/(?:\.new|\.patched)$/, '') === a) return { oldPath: a, newPath: a };
  return { oldPath: a, newPath: b };
}

const ESCAPES: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, '\\': 92 };

/** A C-quoted name at the start of `text`, and how many characters it took; the closing quote may be missing. */
export function readQuoted(text: string): { name: string; length: number } {
  const bytes: number[] = [];
  let i = 1;
  while (i < text.length && text[i] !== '"') {
    if (text[i] === '\\' && i + 1 < text.length) {
      const octal = /^[0-7]{1,3}/.exec(text.slice(i + 1));
      if (octal) {
        bytes.push(Number.parseInt(octal[0], 8) & 0xff);
        i += 1 + octal[0].length;
      } else {
        bytes.push(ESCAPES[text[i + 1]!] ?? text.charCodeAt(i + 1));
        i += 2;
      }
    } else {
      bytes.push(...Buffer.from(text[i]!, 'utf8'));
      i++;
    }
  }
  return { name: Buffer.from(bytes).toString('utf8'), length: Math.min(i + 1, text.length) };
}
