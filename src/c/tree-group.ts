/**
 * One directory of a tree with its index: loaded from the cache, brought up to date, or built. Files that did
 * not change are not read again. Unreadable files and directories are left out.
 */
import { type Dirent, lstatSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Config } from './config.ts';
import { cachePath, type FileRecord, readCache, type Stored, writeCache } from './tree-cache.ts';
import { type Entry, hashLines, indexText, lookUp, sortLines } from './tree-index.ts';

export interface Group {
  /** Directory relative to the tree. */
  dir: string;
  files: FileRecord[];
  /** Entries of a name with its hash (hashName). */
  find(name: string, hash: number): readonly Entry[];
}

/** Larger files (register tables) define nothing of use and cost more than all others. */
const MAX_FILE = 4_000_000;

/** The index of `dir` (and, when `deep`, of what is below it). `cacheDir` null keeps nothing on disk. */
export function openGroup(
  tree: string,
  dir: string,
  deep: boolean,
  config: Config,
  cacheDir: string | null,
): Group {
  const path = cacheDir === null ? null : cachePath(cacheDir, tree, `${dir}${deep ? '/**' : ''}`, config.key);
  const old = path === null ? null : readCache(path);
  const stored = old ? update(tree, old, deep, config) : build(tree, dir, deep, config, null);
  if (path !== null && stored !== old) writeCache(path, stored);
  return { dir, files: stored.files, find: (name, hash) => lookUp(stored.lines, stored.table, name, hash) };
}

function stampOf(stats: Stats): string {
  return `${stats.size}:${stats.mtimeMs}:${stats.ino}`;
}

/** The same object when nothing changed. */
function update(tree: string, old: Stored, deep: boolean, config: Config): Stored {
  try {
    const fresh =
      old.dirs.every((d) => stampOf(statSync(join(tree, d.path))) === d.stamp) &&
      old.files.every((f) => stampOf(lstatSync(join(tree, f.path))) === f.stamp);
    if (fresh) return old;
  } catch {
    // Something is gone: the walk below finds out what is there.
  }
  return build(tree, old.dirs[0]?.path ?? '', deep, config, old);
}

function build(tree: string, dir: string, deep: boolean, config: Config, old: Stored | null): Stored {
  const dirs: Stored['dirs'] = [];
  const files: FileRecord[] = [];
  const lines: string[] = [];
  const before = new Map(old?.files.map((f, i) => [f.path, { record: f, index: i }]));
  const kept = old ? linesByFile(old) : null;
  const walk = (relative: string): void => {
    let names: Dirent[];
    try {
      dirs.push({ path: relative, stamp: stampOf(statSync(join(tree, relative))) });
      names = readdirSync(join(tree, relative), { withFileTypes: true });
    } catch {
      return;
    }
    names.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of names) {
      const path = `${relative}/${entry.name}`;
      if (entry.isDirectory() && deep) walk(path);
      else if (entry.isFile() && /\.[ch]$/.test(entry.name)) file(path);
    }
  };
  const file = (path: string): void => {
    try {
      const stats = lstatSync(join(tree, path));
      const stamp = stampOf(stats);
      const known = before.get(path);
      const index = files.length;
      if (known?.record.stamp === stamp) {
        files.push(known.record);
        for (const line of kept!.get(known.index) ?? []) lines.push(renumber(line, index));
        return;
      }
      if (stats.size > MAX_FILE) {
        files.push({ path, stamp, hash: 0 });
        return;
      }
      const bytes = readFileSync(join(tree, path));
      const hash = crc32(bytes);
      files.push({ path, stamp, hash });
      if (known?.record.hash === hash) {
        for (const line of kept!.get(known.index) ?? []) lines.push(renumber(line, index));
        return;
      }
      for (const line of indexText(bytes.toString('latin1'), index, config)) lines.push(line);
    } catch {
      // Gone since the directory was read, or not readable.
    }
  };
  walk(dir);
  const sorted = sortLines(lines);
  return { dirs, files, lines: sorted, table: hashLines(sorted) };
}

function linesByFile(stored: Stored): Map<number, string[]> {
  const by = new Map<number, string[]>();
  for (const line of stored.lines.split('\n')) {
    if (line === '') continue;
    const index = Number(line.split('\t')[2]);
    const list = by.get(index);
    if (list) list.push(line);
    else by.set(index, [line]);
  }
  return by;
}

function renumber(line: string, index: number): string {
  const [name, kind, , offset] = line.split('\t');
  return `${name}\t${kind}\t${index}\t${offset}`;
}
