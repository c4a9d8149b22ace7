/** Temporary trees, and patches made by git between two versions of them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type PatchSeries, readSeries } from '../../src/patch/index.ts';
import { type FileImages, openSource } from '../../src/source/index.ts';

export type Files = Record<string, string>;

/** A directory with these files, gone when the test ends. */
export function makeTree(t: TestContext, files: Files): string {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  writeTree(directory, files);
  return directory;
}

/** Adds files to a directory. */
export function writeTree(directory: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

/** What git says changed between two versions of a tree. */
export function gitDiff(t: TestContext, before: Files, after: Files): string {
  const directory = makeTree(t, {});
  for (const [side, files] of [
    ['a', before],
    ['b', after],
  ] as const) {
    mkdirSync(join(directory, side));
    writeTree(join(directory, side), files);
  }
  const run = spawnSync('git', ['diff', '--no-index', '--no-prefix', '-M', 'a', 'b'], {
    cwd: directory,
    encoding: 'utf8',
  });
  return run.stdout;
}

/** Whether git itself can be asked; the tests that use it as an oracle need it. */
export function gitVersion(): string {
  return execFileSync('git', ['--version'], { encoding: 'utf8' });
}

/** All images of a series, by path. */
export function allImages(series: PatchSeries, tree?: string): Map<string, FileImages> {
  const source = openSource(tree === undefined ? { series } : { tree, series });
  const images = new Map<string, FileImages>();
  for (const patch of series.patches)
    for (const file of patch.files) {
      const each = source.images(patch, file);
      images.set(each.path, each);
    }
  return images;
}

/** The text of a whole image; fails when there is none. */
export function textOf(image: FileImages['post']): string {
  if (image?.kind !== 'whole') throw new Error(`not a whole image: ${image?.kind}`);
  return image.text;
}

/** Reads a diff that the test made. */
export async function read(diff: string): Promise<PatchSeries> {
  return readSeries(diff, 'test.patch');
}

/** `count` lines of C that all differ. */
export function body(count: number, name = 'f'): string {
  return Array.from({ length: count }, (_, i) => `\t${name}(${i});\n`).join('');
}
