/**
 * The names that the files of one directory of a tree define, as text and a hash table that are used as they
 * lie on disk: loading an index costs a read, not a parse. It records where things are, not what they are.
 */
import type { Config } from './config.ts';
import { type Item, type Scan, scan } from './scan.ts';

/**
 * f function, s static function, p prototype, t struct or union, e enumerator, y typedef, v variable,
 * m macro.
 */
export type Kind = 'f' | 's' | 'p' | 't' | 'e' | 'y' | 'v' | 'm';

export interface Entry {
  name: string;
  kind: Kind;
  /** Index of the file in its group. */
  file: number;
  /** Offset of the item (of the name, for a macro). */
  offset: number;
}

/** Entries of one file, a line each: name, kind, file and offset with tabs between. */
export function indexText(text: string, file: number, config: Config): string {
  return indexScan(scan(text, config), text, file);
}

/** The same of a text that was scanned. */
export function indexScan({ items, macros }: Scan, text: string, file: number): string {
  let lines = '';
  for (const item of items) {
    const kind = kindOf(item, text);
    if (kind === null) continue;
    if (item.kind === 'enum') {
      for (const name of enumerators(text, item)) lines += `${name}\te\t${file}\t${item.start}\n`;
      continue;
    }
    lines += `${nameOf(item, text)}\t${kind}\t${file}\t${item.start}\n`;
    if (kind === 't') {
      for (const tag of nestedTags(text, item)) lines += `${tag}\tt\t${file}\t${item.start}\n`;
    }
  }
  for (const macro of macros.values()) lines += `${macro.name}\tm\t${file}\t${macro.pos}\n`;
  return lines;
}

function kindOf(item: Item, text: string): Kind | null {
  switch (item.kind) {
    case 'function':
      return /^static\b/.test(text.slice(item.start, item.start + 7)) ? 's' : 'f';
    case 'prototype':
      return 'p';
    case 'aggregate':
      return item.name.includes(' ') ? 't' : null;
    case 'typedef':
      return 'y';
    case 'variable':
      return 'v';
    case 'enum':
      return 'e';
    case 'invocation':
      return /^(?:DEFINE|DECLARE)_|_HEAD$/.test(item.name) ? 'v' : null;
  }
}

/** The name under which an item is found. */
function nameOf(item: Item, text: string): string {
  if (
    item.kind === 'invocation' ||
    (item.kind === 'function' && /_DEFINE[0-6]$|^BPF_CALL_\d$/.test(item.name))
  ) {
    const inner = /^\w+\s*\(\s*(?:(?:struct|union|enum)\s+)?\w*(?:[^,()]*,\s*)?(\w+)/.exec(
      text.slice(item.pos, item.pos + 200),
    );
    const cleanup = /^DEFINE_(GUARD|FREE|CLASS|LOCK_GUARD_[01])\s*\(\s*(\w+)/.exec(
      text.slice(item.pos, item.pos + 200),
    );
    if (cleanup) return `${/FREE|CLASS/.test(cleanup[1]!) ? 'free' : 'guard'}:${cleanup[2]}`;
    const first = /^\w+\s*\(\s*(\w+)/.exec(text.slice(item.pos, item.pos + 200));
    // DEFINE_PER_CPU(type, name) has the name last, the others first.
    return (/PER_CPU|FLEX/.test(item.name) ? inner?.[1] : first?.[1]) ?? item.name;
  }
  return item.name;
}

/** Structs that are defined inside another one. */
function nestedTags(text: string, item: Item): string[] {
  const tags: string[] = [];
  for (const match of text.slice(item.body + 1, item.end).matchAll(/\b(struct|union)\s+(\w+)\s*\{/g))
    tags.push(`${match[1]} ${match[2]}`);
  return tags;
}

function enumerators(text: string, item: Item): string[] {
  const names: string[] = [];
  const body = text
    .slice(item.body + 1, item.end - 1)
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .replace(/\/\/.*$/gm, ' ');
  for (const match of body.matchAll(/(?:^|,|\n\s*#.*\n)\s*([A-Za-z_]\w*)/g)) names.push(match[1]!);
  return names;
}

/** FNV-1a. */
const FIRST = 0x811c9dc5;
const PRIME = 0x01000193;

/** A hash of a name: 32 bits, never negative. */
export function hashName(name: string): number {
  let hash = FIRST;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), PRIME);
  return hash >>> 0;
}

/**
 * A hash table over lines: each slot is 0, or one more than the offset of a line. The lines of a name are in
 * the slots from its hash on, in their order, before the first free one.
 */
export function hashLines(lines: string): Uint32Array<ArrayBuffer> {
  const starts: number[] = [];
  const hashes: number[] = [];
  for (let at = 0; at < lines.length; ) {
    starts.push(at);
    let hash = FIRST;
    for (let c = lines.charCodeAt(at); c !== 9; c = lines.charCodeAt(++at)) hash = Math.imul(hash ^ c, PRIME);
    hashes.push(hash >>> 0);
    at = lines.indexOf('\n', at) + 1;
  }
  let size = 16;
  while (size < starts.length * 2) size *= 2;
  const table = new Uint32Array(size);
  for (let i = 0; i < starts.length; i++) {
    let slot = hashes[i]! & (size - 1);
    while (table[slot] !== 0) slot = (slot + 1) & (size - 1);
    table[slot] = starts[i]! + 1;
  }
  return table;
}

const NOTHING: readonly Entry[] = [];

/** All entries for a name whose hash is known. */
export function lookUp(lines: string, table: Uint32Array, name: string, hash: number): readonly Entry[] {
  const mask = table.length - 1;
  const length = name.length;
  let found: Entry[] | null = null;
  for (let slot = hash & mask; table[slot] !== 0; slot = (slot + 1) & mask) {
    const at = table[slot]! - 1;
    if (lines.charCodeAt(at + length) !== 9 || !lines.startsWith(name, at)) continue;
    const [, kind, file, offset] = lines.slice(at, lines.indexOf('\n', at)).split('\t');
    found ??= [];
    found.push({ name, kind: kind as Kind, file: Number(file), offset: Number(offset) });
  }
  return found ?? NOTHING;
}
