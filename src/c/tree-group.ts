/**
 * One directory of a tree with its index: loaded from the cache, brought up to date, or built. Files that did
 * not change are not read again. Unreadable files and directories are left out.
 */
import { type Dirent, lstatSync, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Config } from './config.ts';
import type { Area } from './tree-areas.ts';
import { cachePath, type FileRecord, readCache, type Stored, writeCache } from './tree-cache.ts';
import { type Entry, hashLines, indexText, lookUp } from './tree-index.ts';

export interface Group {
  /** Directory relative to the tree. */
  dir: string;
  files: FileRecord[];
  /** Entries of a name with its hash (hashName). */
  find(name: string, hash: number): readonly Entry[];
}

/** Larger files (register tables) define nothing of use and cost more than all others. */
const MAX_FILE = 4_000_000;

/** The index of an area. `cacheDir` null keeps nothing on disk. */
export function openGroup(tree: string, area: Area, config: Config, cacheDir: string | null): Group {
  const name = `${area.dir}${area.deep ? '/**' : ''}${area.except.map((e) => ` -${e}`).join('')}`;
  const path = cacheDir === null ? null : cachePath(cacheDir, tree, name, config.key);
  const old = path === null ? null : readCache(path);
  const stored = old ? update(tree, area, old, config) : build(tree, area, config, null);
  if (path !== null && stored !== old) writeCache(path, stored);
  return {
    dir: area.dir,
    files: stored.files,
    find: (name, hash) => lookUp(stored.lines, stored.table, name, hash),
  };
}

function stampOf(stats: Stats): string {
  return `${stats.size}:${stats.mtimeMs}:${stats.ino}`;
}

/** The same object when nothing changed. */
function update(tree: string, area: Area, old: Stored, config: Config): Stored {
  try {
    const fresh =
      old.dirs.every((d) => stampOf(statSync(join(tree, d.path))) === d.stamp) &&
      old.files.every((f) => stampOf(lstatSync(join(tree, f.path))) === f.stamp);
    if (fresh) return old;
  } catch {
    // Something is gone: the walk below finds out what is there.
  }
  return build(tree, area, config, old);
}

function build(tree: string, area: Area, config: Config, old: Stored | null): Stored {
  const dirs: Stored['dirs'] = [];
  const files: FileRecord[] = [];
  const chunks: string[] = [];
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
      if (entry.isDirectory() && area.deep) {
        if (relative !== area.dir || !area.except.includes(entry.name)) walk(path);
      } else if (entry.isFile() && /\.[ch]$/.test(entry.name)) file(path);
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
        chunks.push(renumber(kept!.get(known.index) ?? '', known.index, index));
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
        chunks.push(renumber(kept!.get(known.index) ?? '', known.index, index));
        return;
      }
      chunks.push(indexText(bytes.toString('latin1'), index, config));
    } catch {
      // Gone since the directory was read, or not readable.
    }
  };
  walk(area.dir);
  const lines = chunks.join('');
  return { dirs, files, lines, table: hashLines(lines) };
}

/** The lines of each file, which stand together. */
function linesByFile(stored: Stored): Map<number, string> {
  const by = new Map<number, string>();
  let start = 0;
  let current = -1;
  for (let at = 0; at < stored.lines.length; ) {
    const end = stored.lines.indexOf('\n', at) + 1;
    const file = Number(stored.lines.slice(at, end).split('\t')[2]);
    if (file !== current) {
      if (current >= 0) by.set(current, stored.lines.slice(start, at));
      current = file;
      start = at;
    }
    at = end;
  }
  if (current >= 0) by.set(current, stored.lines.slice(start));
  return by;
}

function renumber(lines: string, from: number, to: number): string {
  return from === to ? lines : lines.replace(/^(.*\t\w\t)\d+/gm, `$1${to}`);
}
