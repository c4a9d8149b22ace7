/**
 * Cases of the checker: C files with their expectations on the line.
 *
 * `want "class"` in a comment: a finding of that class is anchored to this line. `fix "text"`: with the code of this
 * line replaced by the text, nothing is wrong any more; all fixes of a file are made together, and lines keep their
 * numbers. A pair `name.before.c`, `name.after.c` is a patch from one to the other, with the wants in the second.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Reviewed, reviewSeries } from '../../src/check/index.ts';
import { readSeries } from '../../src/patch/index.ts';
import { loadRules } from '../../src/rules/index.ts';
import { openSource } from '../../src/source/index.ts';

export const RULES = loadRules(fileURLToPath(new URL('../../rules', import.meta.url)));

const ROOT = fileURLToPath(new URL('cases/', import.meta.url));
const ANNOTATION = / ?\/\* (want|fix)(( "[^"]*")+) \*\//g;

/** Where a file of a case is in the tree that it is reviewed in. */
export const PATH = 'mm/case.c';

/** A finding as far as cases name it. */
export interface Want {
  line: number;
  class: string;
}

export interface Case {
  name: string;
  /** The patch's pre-image; null for a file that the patch adds. */
  before: string | null;
  /** The post-image, without annotations. */
  after: string;
  wants: Want[];
  /** The post-image with its mistakes repaired; null when the case does not say how. */
  repaired: string | null;
  /** Lines that the repair changes. */
  fixes: number[];
}

/** The cases of a folder, those of its subfolders included, by name. */
export function cases(folder: string): Case[] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.c') && !f.endsWith('.before.c'))
    .sort();
  return names.map((name) => {
    const file = join(ROOT, folder, name);
    const isPair = name.endsWith('.after.c');
    const before = isPair ? readFileSync(file.replace(/\.after\.c$/, '.before.c'), 'utf8') : null;
    return { name: `${folder}/${name}`, before, ...annotated(readFileSync(file, 'utf8')) };
  });
}

function annotated(text: string): Pick<Case, 'after' | 'wants' | 'repaired' | 'fixes'> {
  const wants: Want[] = [];
  const fixes: number[] = [];
  const after: string[] = [];
  const repaired: string[] = [];
  text.split('\n').forEach((line, i) => {
    const code = line.replace(ANNOTATION, '');
    let replacement = code;
    for (const [, what, list] of line.matchAll(ANNOTATION)) {
      const values = [...list!.matchAll(/"([^"]*)"/g)].map((m) => m[1]!);
      if (what === 'want') wants.push(...values.map((value) => ({ line: i + 1, class: value })));
      else {
        fixes.push(i + 1);
        replacement = /^\s*/.exec(code)![0] + values[0]!;
      }
    }
    after.push(code.trimEnd());
    repaired.push(replacement.trimEnd());
  });
  return {
    after: after.join('\n'),
    wants,
    repaired: fixes.length > 0 ? repaired.join('\n') : null,
    fixes,
  };
}

/** What a review found, in the order of lines. */
export function found({ review }: Reviewed): Want[] {
  return sorted(review.findings.map((f) => ({ line: f.line, class: f.class })));
}

export function sorted(wants: Want[]): Want[] {
  return [...wants].sort((a, b) => a.line - b.line || (a.class < b.class ? -1 : 1));
}

/** Reviews the patch from `before` (null: no such file) to `after`, with the whole of both files in sight. */
export async function review(before: string | null, after: string, path = PATH): Promise<Reviewed> {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-case-'));
  try {
    if (before !== null) write(join(directory, path), before);
    const series = await readSeries(patchText(before, after, path), 'case.patch');
    // The files of the patch are whole; there is no tree around them to look other things up in.
    const source = { ...openSource({ tree: directory, series }), tree: null };
    return reviewSeries(series, source, RULES, 'test');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Reviews patch text as it comes by mail, from its hunks alone. */
export async function reviewText(text: string): Promise<Reviewed> {
  const series = await readSeries(text, 'case.patch');
  return reviewSeries(series, openSource({ series }), RULES, 'test');
}

/** A patch in the form that git gives it. */
export function patchText(before: string | null, after: string, path = PATH): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-diff-'));
  try {
    if (before !== null) write(join(directory, 'a', path), before);
    else mkdirSync(join(directory, 'a'));
    write(join(directory, 'b', path), after);
    return spawnSync('git', ['diff', '--no-index', '--no-prefix', 'a', 'b'], {
      cwd: directory,
      encoding: 'utf8',
    }).stdout;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Fails early and clearly where git is missing. */
execFileSync('git', ['--version']);
