/**
 * What a file can see: the headers it includes, directly and through others, with the names they define.
 * Each header is read once and kept in one store per tree on disk; a lookup only answers from the headers that
 * the asking file includes, whatever else the store has. Generated headers are not there and are left out.
 */
import { existsSync, lstatSync, readFileSync, type Stats } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Config } from './config.ts';
import { scan } from './scan.ts';
import { cachePath, type FileRecord, readCache, writeCache } from './tree-cache.ts';
import { type Entry, hashLines, indexScan, lookUp } from './tree-index.ts';

/** Where `#include <x>` is looked for, in the compiler's order. */
const SEARCH = ['arch/x86/include', 'include', 'arch/x86/include/uapi', 'include/uapi'];
/** What the kernel's build includes before every file. */
const ALWAYS = ['include/linux/kconfig.h', 'include/linux/compiler_types.h'];
/** A new file in one of these may answer an include that another file answered before. */
const WATCHED = ['arch/x86/include/asm', 'include/linux', 'include/asm-generic', 'arch/x86/include/uapi/asm'];

/** The share of records without a path beyond which the store is begun anew. */
const MAX_DEAD = 0.3;

interface Header extends FileRecord {
  /** Paths of what it includes, as far as they were found. */
  includes: string[];
  /** Its number in `files`, and the text and table in which its lines are. */
  index: number;
  /** Something that it includes was not found (generated headers apart). */
  incomplete: boolean;
  /** Its stamp was compared in this run. */
  checked: boolean;
}

export interface Seen {
  path: string;
  entry: Entry;
}

export class Headers {
  readonly #tree: string;
  readonly #config: Config;
  readonly #cache: string | null;
  readonly #overlay: ReadonlyMap<string, string | null>;
  #files: Header[] = [];
  #byPath = new Map<string, Header | null>();
  /** Lines as they were loaded, and those of headers read in this run. */
  #lines = '';
  #table: Uint32Array = new Uint32Array(16);
  #fresh: string[] = [];
  #freshLines = '';
  #freshTable: Uint32Array | null = null;
  #watch = '';
  readonly #visible = new Map<string, ReadonlySet<number>>();

  constructor(
    tree: string,
    config: Config,
    cacheDir: string | null,
    overlay: ReadonlyMap<string, string | null> = new Map(),
  ) {
    this.#tree = tree;
    this.#config = config;
    this.#overlay = overlay;
    this.#cache = cacheDir === null ? null : cachePath(cacheDir, tree, 'included headers', config.key);
    this.#watch = WATCHED.map((dir) => this.#stampOf(dir) ?? '-').join(' ');
    const stored = this.#cache ? readCache(this.#cache) : null;
    // The store's one directory record holds the stamps of the watched ones.
    if (!stored || stored.dirs[0]?.stamp !== this.#watch) return;
    this.#lines = stored.lines;
    this.#table = stored.table;
    this.#files = stored.files.map((f, index) => ({
      ...f,
      // '?' stands for what was not found.
      includes: f.extra ? f.extra.split(' ').filter((p) => p !== '?') : [],
      incomplete: f.extra?.startsWith('?') ?? false,
      index,
      checked: false,
    }));
    for (const file of this.#files) if (file.path !== '') this.#byPath.set(file.path, file);
    // Mostly remains of older versions: begin again.
    if (this.#byPath.size < this.#files.length * (1 - MAX_DEAD)) this.#forget();
  }

  #forget(): void {
    this.#files = [];
    this.#byPath.clear();
    this.#lines = '';
    this.#table = new Uint32Array(16);
  }

  /**
   * The numbers of the files that `path` sees, itself among them; null when there is no such file, or when
   * something that it includes was not found, so that nothing can be concluded from a name's absence.
   */
  visibleFrom(path: string): ReadonlySet<number> | null {
    let visible = this.#visible.get(path);
    if (visible) return visible;
    const known = this.#fresh.length;
    const root = this.#header(path);
    if (!root || root.incomplete) return null;
    const seen = new Set<number>();
    const open = [...ALWAYS, path].reverse();
    while (open.length) {
      const header = this.#header(open.pop()!);
      if (!header || seen.has(header.index)) continue;
      seen.add(header.index);
      for (let i = header.includes.length - 1; i >= 0; i--) open.push(header.includes[i]!);
    }
    visible = seen;
    this.#visible.set(path, visible);
    if (this.#fresh.length > known) this.#save();
    return visible;
  }

  /** Definitions of a name in the files of `visible`. */
  find(name: string, hash: number, visible: ReadonlySet<number>): Seen[] {
    const found: Seen[] = [];
    const add = (entries: readonly Entry[]): void => {
      for (const entry of entries) {
        if (visible.has(entry.file)) found.push({ path: this.#files[entry.file]!.path, entry });
      }
    };
    add(lookUp(this.#lines, this.#table, name, hash));
    if (this.#fresh.length) {
      if (!this.#freshTable) {
        this.#freshLines = this.#fresh.join('');
        this.#freshTable = hashLines(this.#freshLines);
      }
      add(lookUp(this.#freshLines, this.#freshTable, name, hash));
    }
    return found;
  }

  #header(path: string): Header | null {
    let header = this.#byPath.get(path);
    if (header === null || header?.checked) return header;
    const text = this.#overlay.get(path);
    if (text === null) return this.#remember(path, null);
    const stamp = text === undefined ? this.#stampOf(path) : 'overlay';
    if (stamp === null) return this.#remember(path, null);
    if (header?.stamp === stamp && text === undefined) {
      header.checked = true;
      return header;
    }
    let content = text;
    if (content === undefined) {
      try {
        content = readFileSync(join(this.#tree, path), 'latin1');
      } catch {
        return this.#remember(path, null);
      }
    }
    // A number of its own: lines of an older version of the file are then never visible.
    const index = this.#files.length;
    const result = scan(content, this.#config);
    const includes: string[] = [];
    let incomplete = false;
    for (const include of result.includes) {
      const found = this.#resolve(include, path);
      if (found !== null) includes.push(found);
      else if (!/^(?:generated|asm)\//.test(include)) incomplete = true;
    }
    header = { path, stamp, hash: crc32(content), includes, incomplete, index, checked: true };
    this.#files.push(header);
    this.#fresh.push(indexScan(result, content, index));
    this.#freshTable = null;
    return this.#remember(path, header);
  }

  #remember(path: string, header: Header | null): Header | null {
    this.#byPath.set(path, header);
    return header;
  }

  readonly #resolved = new Map<string, string | null>();

  /** The path of what `#include` names, as the compiler would search. */
  #resolve(include: string, from: string): string | null {
    const beside = posix.join(dirname(from), include);
    if (this.#exists(beside)) return beside;
    let found = this.#resolved.get(include);
    if (found === undefined) {
      const generic = include.startsWith('asm/') ? `asm-generic/${include.slice(4)}` : null;
      const candidates = [...SEARCH.map((dir) => `${dir}/${include}`)];
      if (generic) candidates.push(`include/${generic}`, `include/uapi/${generic}`);
      found = candidates.find((path) => this.#exists(path)) ?? null;
      this.#resolved.set(include, found);
    }
    return found;
  }

  #exists(path: string): boolean {
    const text = this.#overlay.get(path);
    return text === undefined ? this.#byPath.has(path) || existsSync(join(this.#tree, path)) : text !== null;
  }

  #stampOf(path: string): string | null {
    let stats: Stats;
    try {
      stats = lstatSync(join(this.#tree, path));
    } catch {
      return null;
    }
    return `${stats.size}:${stats.mtimeMs}:${stats.ino}`;
  }

  /**
   * Writes the store. Older versions of files and overlaid ones leave a record without a path behind, so that
   * the numbers in the lines stay right; a store that is mostly such records is not used again.
   */
  #save(): void {
    if (this.#cache === null) return;
    const kept = this.#files.map((f) => this.#byPath.get(f.path) === f && f.stamp !== 'overlay');
    const lines = this.#lines + this.#fresh.join('');
    writeCache(this.#cache, {
      dirs: [{ path: '.', stamp: this.#watch }],
      files: this.#files.map(({ path, stamp, hash, includes, incomplete }, i) =>
        kept[i]
          ? { path, stamp, hash, extra: [...(incomplete ? ['?'] : []), ...includes].join(' ') }
          : { path: '', stamp: '', hash: 0 },
      ),
      lines,
      table: hashLines(lines),
    });
  }
}
