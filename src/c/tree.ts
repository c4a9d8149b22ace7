/**
 * A kernel tree: where functions, structs, typedefs, macros and variables are defined, and those definitions
 * parsed when they are needed. Directories are indexed when a name is first looked for in them, the nearest
 * first; a name that the known directories do not define is not looked for elsewhere.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { type Config, defaultConfig } from './config.ts';
import { Headers } from './headers.ts';
import type { CFunction, CType, Macro, StructDecl } from './ir.ts';
import { scanOne } from './scan.ts';
import { Source } from './source.ts';
import { type Area, areaOf, areasIn, CODE, DEFAULT_AREAS, HEADERS } from './tree-areas.ts';
import { defaultCacheDir } from './tree-cache.ts';
import { type Group, openGroup } from './tree-group.ts';
import { hashLines, hashName, indexText, type Kind, lookUp } from './tree-index.ts';
import { constantValue, type ParseOptions, Unit } from './unit.ts';

export interface TreeOptions {
  /** Where indexes are kept; null: nowhere. Default: `$XDG_CACHE_HOME/lockstep`. */
  cacheDir?: string | null;
  config?: Config;
  /** Macros that stay calls in what is parsed. */
  keep?: (name: string) => boolean;
  /** Files whose content is another than in the tree (a patch's post-image): text, or null for deleted. */
  overlay?: ReadonlyMap<string, string | null>;
}

export interface Location {
  path: string;
  /** 1-based. */
  line: number;
}

/** Where a name is defined. */
interface Found {
  path: string;
  kind: Kind;
  offset: number;
}

/** How far a name is looked for: in what the file sees, or in code too. */
type Reach = 'seen' | 'all';

/** What is known of lookups from one file. */
interface Nearby {
  path: string;
  own: Area | null;
  /** Of a source file in the tree: the files it sees. */
  visible: ReadonlySet<number> | null;
  found: Record<Reach, Map<string, Found[]>>;
}

/** Opens a tree. Throws an Error that names the directory when there is none. */
export function openTree(dir: string, options: TreeOptions = {}): Tree {
  if (!existsSync(dir)) throw new Error(`${dir}: no such directory`);
  return new Tree(realpathSync(dir), options);
}

export class Tree {
  readonly dir: string;
  readonly config: Config;
  readonly #options: TreeOptions;
  readonly #cacheDir: string | null;
  readonly #groups = new Map<string, Group>();
  readonly #headers: Headers;
  readonly #units = new Map<string, Unit | null>();
  readonly #texts = new Map<string, string | null>();
  readonly #macros = new Map<string, Macro | null>();
  readonly #structs = new Map<string, StructDecl | null>();

  constructor(dir: string, options: TreeOptions) {
    this.dir = dir;
    this.config = options.config ?? defaultConfig;
    this.#options = options;
    this.#cacheDir = options.cacheDir === undefined ? defaultCacheDir() : options.cacheDir;
    this.#headers = new Headers(dir, this.config, this.#cacheDir, options.overlay);
  }

  /** Indexes directories now (`lockstep index`), all that lookups use unless told; returns how many files. */
  index(dirs?: readonly string[]): number {
    let files = 0;
    for (const area of dirs ? areasIn(dirs) : DEFAULT_AREAS) files += this.#group(area).files.length;
    return files;
  }

  /** Where the function that a call in `nearPath` means is defined; null when it is not known. */
  findFunction(name: string, nearPath = ''): Location | null {
    const found = this.#findFunction(name, nearPath);
    if (!found) return null;
    const text = this.text(found.path);
    return text === null
      ? null
      : { path: found.path, line: new Source(text, found.path).lineAt(found.offset) };
  }

  /** Every definition of a function in what is indexed, static ones too, the likeliest first. */
  definitions(name: string): Location[] {
    const found = this.#entries(name, '', 'all').filter((e) => e.kind === 'f' || e.kind === 's');
    return found.flatMap(({ path, offset }) => {
      const text = this.text(path);
      return text === null ? [] : [{ path, line: new Source(text, path).lineAt(offset) }];
    });
  }

  /** That function, parsed; null when it is not known. */
  function(name: string, nearPath = ''): CFunction | null {
    const found = this.#findFunction(name, nearPath);
    return found ? (this.unit(found.path)?.function(name) ?? null) : null;
  }

  /** A file of the tree, parsed; null when there is none. */
  unit(path: string): Unit | null {
    let unit = this.#units.get(path);
    if (unit === undefined) {
      const text = this.text(path);
      unit = text === null ? null : new Unit(new Source(text, path), this.parseOptions(path));
      this.#units.set(path, unit);
    }
    return unit;
  }

  /** Options with which a text that stands at `path` in this tree is to be parsed. */
  parseOptions(path: string): ParseOptions {
    const { keep } = this.#options;
    return {
      config: this.config,
      macros: (name) => this.macro(name, path),
      isType: (name) => this.#entries(name, path, 'seen').some((e) => e.kind === 'y'),
      constant: (name) => this.constant(name, path),
      cleanup: (name) => this.#definition(name, path, 'v')?.text ?? null,
      ...(keep ? { keep } : {}),
    };
  }

  /** `struct foo` or `union foo`. */
  struct(name: string, nearPath = ''): StructDecl | null {
    const key = `${nearPath} ${name}`;
    let struct = this.#structs.get(key);
    if (struct === undefined) {
      // `union mempolicy.w`: a member's type is found with the struct around it.
      const dot = name.indexOf('.');
      const outer =
        dot < 0 ? [name] : ['struct', 'union'].map((w) => `${w} ${name.slice(name.indexOf(' ') + 1, dot)}`);
      struct = null;
      for (const tag of outer) struct ??= this.#one(tag, nearPath, 't', 'seen')?.structs.get(name) ?? null;
      this.#structs.set(key, struct);
    }
    return struct;
  }

  /** What a typedef stands for. */
  typedef(name: string, nearPath = ''): CType | null {
    return this.#one(name, nearPath, 'y', 'seen')?.typedefs.get(name) ?? null;
  }

  /** The type of a variable at file level. */
  global(name: string, nearPath = ''): CType | null {
    return this.#one(name, nearPath, 'v', 'seen')?.globals.get(name) ?? null;
  }

  /** A function's return type, from its definition or a declaration. */
  returnType(name: string, nearPath = ''): CType | null {
    const found = this.#entries(name, nearPath, 'seen').find((e) => 'fps'.includes(e.kind));
    if (!found) return null;
    const unit = this.#itemUnit(found);
    return unit?.function(name)?.returnType ?? unit?.prototypeType(name) ?? null;
  }

  /** A macro's definition. */
  macro(name: string, nearPath = ''): Macro | null {
    const key = `${nearPath} ${name}`;
    let macro = this.#macros.get(key);
    if (macro === undefined) {
      const found = this.#entries(name, nearPath, 'seen').find((e) => e.kind === 'm');
      const text = found ? this.text(found.path) : null;
      macro = found && text !== null ? readMacro(text, found, name) : null;
      this.#macros.set(key, macro);
    }
    return macro;
  }

  readonly #constants = new Map<string, number | null>();

  /** The value of an enumerator, or of a macro that is a number. */
  constant(name: string, nearPath = ''): number | null {
    const key = `${nearPath} ${name}`;
    let value = this.#constants.get(key);
    if (value === undefined) {
      // Against definitions that go round in circles.
      this.#constants.set(key, null);
      value = this.#constant(name, nearPath);
      this.#constants.set(key, value);
    }
    return value;
  }

  #constant(name: string, nearPath: string): number | null {
    const found = this.#entries(name, nearPath, 'seen').find((e) => e.kind === 'e' || e.kind === 'm');
    if (found?.kind === 'e') return this.#itemUnit(found)?.enums.get(name) ?? null;
    const macro = found ? this.macro(name, nearPath) : null;
    if (!macro || macro.params || macro.body === '' || macro.body.length > 120) return null;
    return constantValue(macro.body, (inner) => this.constant(inner, nearPath));
  }

  /** A file's text; null when there is none. */
  text(path: string): string | null {
    let text = this.#texts.get(path);
    if (text === undefined) {
      text = this.#options.overlay?.get(path);
      if (text === undefined) {
        try {
          text = readFileSync(join(this.dir, path), 'latin1');
        } catch {
          text = null;
        }
      }
      this.#texts.set(path, text);
    }
    return text;
  }

  #findFunction(name: string, nearPath: string): Found | null {
    const candidates = this.#entries(name, nearPath, 'all').filter((e) => e.kind === 'f' || e.kind === 's');
    const here = candidates.find((e) => e.path === nearPath);
    if (here) return here;
    // A static function of another file is only meant when it is in a header, or in a file included here.
    const visible = candidates.filter(
      (e) => e.kind === 'f' || e.path.endsWith('.h') || this.#includes(nearPath).has(posix.basename(e.path)),
    );
    return visible[0] ?? null;
  }

  #includes(path: string): Set<string> {
    const unit = this.unit(path);
    return new Set(unit?.includes.filter((i) => i.endsWith('.c')).map((i) => posix.basename(i)));
  }

  #definition(name: string, nearPath: string, kind: Kind): { text: string } | null {
    const found = this.#entries(name, nearPath, 'seen').find((e) => e.kind === kind);
    const text = found ? this.text(found.path) : null;
    if (!found || text === null) return null;
    const scan = scanOne(text, this.config, found.offset);
    const item = scan.items[0];
    return item ? { text: text.slice(item.start, item.end) } : null;
  }

  /** A unit of the one item that defines `name`. */
  #one(name: string, nearPath: string, kind: Kind, reach: Reach): Unit | null {
    const found = this.#entries(name, nearPath, reach).find((e) => e.kind === kind);
    return found ? this.#itemUnit(found) : null;
  }

  readonly #items = new Map<string, Unit | null>();

  #itemUnit(found: Found): Unit | null {
    const whole = this.#units.get(found.path);
    if (whole) return whole;
    if (found.kind === 'm') return this.unit(found.path);
    const key = `${found.path}:${found.offset}`;
    let unit = this.#items.get(key);
    if (unit === undefined) {
      const text = this.text(found.path);
      unit =
        text === null
          ? null
          : new Unit(new Source(text, found.path), this.parseOptions(found.path), {
              scan: scanOne(text, this.config, found.offset),
            });
      this.#items.set(key, unit);
    }
    return unit;
  }

  /** Definitions of a name, best first. */
  #entries(name: string, nearPath: string, reach: Reach): readonly Found[] {
    const near = this.#near(nearPath);
    const known = near.found[reach];
    let found = known.get(name);
    if (found) return found;
    const hash = hashName(name);
    found = [];
    const visible = near.visible ?? this.#visibleSomewhere();
    if (visible) {
      for (const { path, entry } of this.#headers.find(name, hash, visible))
        found.push({ path, kind: entry.kind, offset: entry.offset });
      found.sort((a, b) => rank(a, nearPath) - rank(b, nearPath));
    }
    // What is called but not defined in sight is declared there; what is not even declared is made by a macro.
    const elsewhere = !visible || found.some((e) => e.kind === 'p');
    if (reach === 'all' && elsewhere && !found.some(settles)) {
      const areas = near.own ? [near.own, ...CODE.filter((a) => a.dir !== near.own?.dir)] : CODE;
      found.push(...this.#overlaid(name, hash), ...this.#inAreas(areas, name, hash, nearPath));
    }
    if (!visible && !found.some(settles)) found.push(...this.#inAreas(HEADERS, name, hash, nearPath));
    known.set(name, found);
    return found;
  }

  #inAreas(areas: readonly Area[], name: string, hash: number, nearPath: string): Found[] {
    const found: Found[] = [];
    for (const area of areas) {
      const group = this.#group(area);
      const raw = group.find(name, hash);
      if (raw.length === 0) continue;
      const entries = raw
        .map((e) => ({ path: group.files[e.file]!.path, kind: e.kind, offset: e.offset }))
        .filter((e) => !this.#options.overlay?.has(e.path));
      entries.sort((a, b) => rank(a, nearPath) - rank(b, nearPath));
      found.push(...entries);
      if (entries.some(settles)) break;
    }
    return found;
  }

  readonly #nearby = new Map<string, Nearby>();
  #last: Nearby | null = null;
  readonly #seenFrom = new Set<number>();

  /** What can be seen from a path, and what was found so far from it. */
  #near(path: string): Nearby {
    if (this.#last?.path === path) return this.#last;
    let near = this.#nearby.get(path);
    if (!near) {
      const isSource = path.endsWith('.c');
      const visible = isSource ? this.#headers.visibleFrom(path) : null;
      if (visible) for (const file of visible) this.#seenFrom.add(file);
      near = {
        path,
        own: areaOf(path),
        visible,
        found: { seen: new Map(), all: new Map() },
      };
      this.#nearby.set(path, near);
    }
    this.#last = near;
    return near;
  }

  /** A header is read as part of the source files that were asked about; without any, all headers count. */
  #visibleSomewhere(): ReadonlySet<number> | null {
    return this.#seenFrom.size ? this.#seenFrom : null;
  }

  #overlay: { paths: string[]; lines: string; table: Uint32Array } | null = null;

  /** Definitions in files whose text is given. */
  #overlaid(name: string, hash: number): Found[] {
    const { overlay } = this.#options;
    if (!overlay?.size) return [];
    if (!this.#overlay) {
      const paths = [...overlay.keys()].sort();
      const lines = paths.map((path, i) => indexText(overlay.get(path) ?? '', i, this.config)).join('');
      this.#overlay = { paths, lines, table: hashLines(lines) };
    }
    const { paths, lines, table } = this.#overlay;
    return lookUp(lines, table, name, hash).map((e) => ({
      path: paths[e.file]!,
      kind: e.kind,
      offset: e.offset,
    }));
  }

  #group(area: Area): Group {
    let group = this.#groups.get(area.dir);
    if (!group) {
      group = openGroup(this.dir, area, this.config, this.#cacheDir);
      this.#groups.set(area.dir, group);
    }
    return group;
  }
}

/** A real definition ends a search; a prototype or a variable's declaration may have a better one elsewhere. */
function settles(e: Found): boolean {
  return 'ftyme'.includes(e.kind) || (e.kind === 's' && e.path.endsWith('.h'));
}

/** Order among the definitions of one directory: same file, same directory, headers, then the rest. */
function rank(e: Found, nearPath: string): number {
  if (e.path === nearPath) return 0;
  const sameDir = dirname(e.path) === dirname(nearPath) ? 0 : 1;
  const kind = e.kind === 'f' ? 0 : e.path.endsWith('.h') ? 2 : 4;
  return (
    1 +
    kind +
    sameDir +
    // The architecture's definition replaces the generic one.
    (e.path.startsWith('arch/') ? -1.5 : 0) +
    (e.path.includes('/asm-generic/') ? 1 : 0) +
    (/\btools?\b|_32\b|compat/.test(e.path) ? 6 : 0)
  );
}

function readMacro(text: string, found: Found, name: string): Macro | null {
  const start = text.lastIndexOf('\n', found.offset) + 1;
  const macro = scanOne(text, defaultConfig, start).macros.get(name);
  if (!macro) return null;
  return {
    name,
    params: macro.params,
    body: macro.body,
    // Counted when asked for: most macros are only expanded.
    get line() {
      return new Source(text, found.path).lineAt(found.offset);
    },
  };
}
