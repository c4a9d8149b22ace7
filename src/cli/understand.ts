/**
 * What `lockstep parse` looks at: the files and functions that the command line names, found in a tree or in the
 * working directory, with the rules at hand. It reads; what to print of it, others decide.
 */
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import {
  type CFunction,
  type Config,
  openTree,
  parseConfig,
  parseUnit,
  type Tree,
  type Unit,
} from '../c/index.ts';
import { makeSide } from '../check/index.ts';
import type { LowerContext } from '../extract/index.ts';
import { InputError } from '../patch/index.ts';
import { loadRules, type Rules, rulesFor } from '../rules/index.ts';
import { reasonOf } from '../source/index.ts';
import { RULES } from './engine.ts';

export interface Named {
  unit: Unit;
  /** Null: every function of the unit. */
  fn: CFunction | null;
  /** Other places that define a function of this name, as `path:line`. */
  also: string[];
}

export class Understanding {
  readonly tree: Tree | null;
  private readonly directory: string | null;
  private readonly rules: Rules;
  private readonly config: Config | undefined;

  /** @throws InputError when the tree or the configuration cannot be read. */
  constructor(options: { tree?: string | undefined; config?: string | undefined }) {
    const rules = loadRules(RULES);
    this.config = readConfig(options.config);
    this.directory = options.tree ?? null;
    this.tree = options.tree === undefined ? null : this.open(options.tree, rules);
    this.rules =
      this.tree === null
        ? rules
        : rulesFor(rules, (symbol) => this.tree?.findFunction(symbol, 'mm/memory.c') != null);
  }

  private open(directory: string, rules: Rules): Tree {
    checkDirectory(directory);
    // What the vocabulary knows stays a call; other macros of the tree are expanded.
    const keep = (name: string): boolean => rules.vocabulary.has(name);
    return openTree(directory, { keep, ...(this.config === undefined ? {} : { config: this.config }) });
  }

  /**
   * What a word of the command line means: a file, `FILE:FUNCTION`, or a function of the tree.
   * @throws InputError when it is none of these.
   */
  find(word: string): Named {
    const path = this.locate(word);
    if (path !== null) return { unit: this.unit(path), fn: null, also: [] };
    const colon = word.lastIndexOf(':');
    const file = colon > 0 ? this.locate(word.slice(0, colon)) : null;
    if (file !== null) {
      const unit = this.unit(file);
      const name = word.slice(colon + 1);
      const fn = unit.function(name);
      if (fn === null) throw new InputError(file, 0, `no function ${name} in it`);
      return { unit, fn, also: [] };
    }
    if (!/^[A-Za-z_]\w*$/.test(word)) throw new InputError(word, 0, 'no such file or directory');
    if (this.tree === null)
      throw new InputError(word, 0, 'no such file; to look for a function of that name, give --tree DIR');
    const [first, ...others] = this.tree.definitions(word);
    const unit = first === undefined ? null : this.tree.unit(first.path);
    const fn = unit?.function(word) ?? null;
    if (unit === null || fn === null)
      throw new InputError(
        word,
        0,
        `no function of that name in ${this.directory}; FILE:FUNCTION names one of a file`,
      );
    return { unit, fn, also: others.map((o) => `${o.path}:${o.line}`) };
  }

  /** The C files that a word means: a file, the files of a directory (not below it), or a pattern. */
  files(word: string): string[] {
    const path = this.locate(word);
    if (path !== null) return [path];
    for (const base of this.bases()) {
      const at = join(base, word);
      if (existsSync(at) && statSync(at).isDirectory()) {
        const names = readdirSync(at).filter((name) => name.endsWith('.c'));
        if (names.length > 0) return names.sort().map((name) => posix.join(word, name));
      }
      if (!/[*?[]/.test(word)) continue;
      const names = globSync(word, { cwd: base }).filter((name) => /\.[ch]$/.test(name));
      if (names.length > 0) return names.sort();
    }
    throw new InputError(word, 0, 'no such file or directory with C in it');
  }

  /** A file, parsed as it stands in the tree, or else by itself. Nothing of it is kept here. */
  parse(path: string): Unit {
    const text = this.text(path);
    const own = this.config === undefined ? {} : { config: this.config };
    return parseUnit(text, path, this.tree?.parseOptions(path) ?? own);
  }

  /** How the functions of a unit are turned into operations. */
  context(unit: Unit): LowerContext {
    return makeSide([unit], this.rules, new Set(), this.tree).context;
  }

  private unit(path: string): Unit {
    return this.tree?.unit(path) ?? this.parse(path);
  }

  private bases(): string[] {
    return this.directory === null ? ['.'] : [this.directory, '.'];
  }

  /** The word as a path to a regular file, null when there is none. */
  private locate(word: string): string | null {
    for (const base of this.bases()) {
      const at = join(base, word);
      if (existsSync(at) && statSync(at).isFile()) return word;
      if (base === '.' && existsSync(word) && statSync(word).isFile()) return word;
    }
    return null;
  }

  private text(path: string): string {
    const inTree = this.tree?.text(path) ?? null;
    if (inTree !== null) return inTree;
    try {
      const bytes = readFileSync(path);
      if (bytes.includes(0)) throw new InputError(path, 0, 'binary data; expected C');
      return bytes.toString('latin1');
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw new InputError(path, 0, reasonOf(error));
    }
  }
}

/**
 * The kernel configuration of a `.config` file; undefined when none is named.
 * @throws InputError when there is no such file, or it sets nothing.
 */
export function readConfig(file: string | undefined): Config | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    throw new InputError(file, 0, reasonOf(error));
  }
  if (!/^(?:# )?CONFIG_\w+/m.test(text))
    throw new InputError(file, 0, 'no CONFIG_ line; expected a kernel configuration');
  return parseConfig(text);
}

/** @throws InputError when it is no directory. */
export function checkDirectory(directory: string): void {
  try {
    if (!statSync(directory).isDirectory()) throw new InputError(directory, 0, 'not a directory');
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(directory, 0, reasonOf(error));
  }
}
