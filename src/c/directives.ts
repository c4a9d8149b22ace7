/**
 * Preprocessor directives of one file, met in order while scanning: `#define`s are recorded, `#if`s decide
 * which ranges are inactive, `#include`s are listed. Included files are not opened.
 */
import { type Config, evaluateCondition, isDefined } from './config.ts';
import { skipLine } from './lex.ts';

export interface Range {
  start: number;
  end: number;
}

export interface MacroText {
  name: string;
  /** Null for an object-like macro. A variadic one ends in '...' or 'name...'. */
  params: string[] | null;
  body: string;
  pos: number;
}

const DIRECTIVE = /#[ \t]*(\w*)[ \t]*/y;
const CONDITIONAL = /^[ \t]*#[ \t]*(ifdef|ifndef|if|elifdef|elif|else|endif)\b/gm;
const DEFINE = /([A-Za-z_$][\w$]*)(\(([^)]*)\))?/y;

/** What decides conditionals besides the configuration. */
export interface Choice {
  /** Bodies of macros that included files define. */
  external?: (name: string) => string | null;
  /** Offsets that must be read: the branch that holds one is taken, whatever the configuration says. */
  wanted?: readonly number[];
}

export class Directives {
  readonly macros: Map<string, MacroText> = new Map();
  readonly includes: string[] = [];
  readonly inactive: Range[] = [];
  readonly #text: string;
  readonly #limit: number;
  readonly #config: Config;
  readonly #undefined = new Set<string>();
  readonly #choice: Choice;
  /** Open conditionals: has a branch been taken, and which one must be (offset of its directive, or −1)? */
  readonly #open: { taken: boolean; forced: number }[] = [];

  constructor(text: string, limit: number, config: Config, choice: Choice = {}) {
    this.#text = text;
    this.#limit = limit;
    this.#config = config;
    this.#choice = choice;
  }

  /** Handles the directive at `at` (its '#'); returns the offset where active text goes on. */
  at(at: number): number {
    const text = this.#text;
    const end = skipLine(text, at, this.#limit);
    DIRECTIVE.lastIndex = at;
    const match = DIRECTIVE.exec(text);
    const word = match?.[1] ?? '';
    const rest = DIRECTIVE.lastIndex;
    switch (word) {
      case 'define':
        this.#define(rest, end);
        return end;
      case 'undef':
        this.#undefined.add(clean(text.slice(rest, end)));
        return end;
      case 'include': {
        const path = /[<"]([^>"]+)[>"]/.exec(text.slice(rest, end));
        if (path) this.includes.push(path[1]!);
        return end;
      }
      case 'if':
      case 'ifdef':
      case 'ifndef':
        this.#open.push({ taken: false, forced: this.#forced(at, end) });
        if (this.#holds(word, text.slice(rest, end), at)) {
          this.#open[this.#open.length - 1]!.taken = true;
          return end;
        }
        return this.#skip(end);
      case 'elif':
      case 'else':
        // An alternative to text that was read: not read. Without its #if (a fragment) both sides are.
        return this.#open.length === 0 ? end : this.#skip(end);
      case 'endif':
        this.#open.pop();
        return end;
      default:
        return end;
    }
  }

  /** Conditionals that are still open. */
  get openCount(): number {
    return this.#open.length;
  }

  /** The body of a macro defined so far, null when there is none. */
  readonly value = (name: string): string | null =>
    this.#undefined.has(name) ? null : (this.macros.get(name)?.body ?? this.#choice.external?.(name) ?? null);

  /** The branch of the conditional at `at` that holds a wanted offset: its directive's offset, or −1. */
  #forced(at: number, end: number): number {
    const { wanted } = this.#choice;
    if (!wanted?.length) return -1;
    let depth = 0;
    let branch = at;
    CONDITIONAL.lastIndex = end;
    for (let match = CONDITIONAL.exec(this.#text); match; match = CONDITIONAL.exec(this.#text)) {
      if (match[1]!.startsWith('if')) depth++;
      else if (depth > 0) depth -= match[1] === 'endif' ? 1 : 0;
      else {
        if (wanted.some((w) => w > branch && w < match.index)) return branch;
        if (match[1] === 'endif') return -1;
        branch = this.#text.indexOf('#', match.index);
      }
    }
    return -1;
  }

  #holds(word: string, rest: string, at: number): boolean {
    const { forced } = this.#open[this.#open.length - 1] ?? { forced: -1 };
    if (forced >= 0) return at === forced;
    if (word === 'else') return true;
    if (word === 'if' || word === 'elif') return evaluateCondition(rest, this.#config, this.value);
    const defined = isDefined(/\w+/.exec(rest)?.[0] ?? '', this.#config, this.value);
    return word.endsWith('ifdef') || word === 'elifdef' ? defined : !defined;
  }

  /** From the end of a directive to the next branch that is read; records what lies between. */
  #skip(from: number): number {
    const text = this.#text;
    let depth = 0;
    CONDITIONAL.lastIndex = from;
    for (
      let match = CONDITIONAL.exec(text);
      match && match.index < this.#limit;
      match = CONDITIONAL.exec(text)
    ) {
      const word = match[1]!;
      if (word.startsWith('if')) depth++;
      else if (word === 'endif') {
        if (depth-- > 0) continue;
        this.#open.pop();
        return this.#resume(from, match.index, skipLine(text, match.index, this.#limit));
      } else if (depth === 0 && !this.#open[this.#open.length - 1]!.taken) {
        const end = skipLine(text, match.index, this.#limit);
        const hash = text.indexOf('#', match.index);
        if (this.#holds(word, text.slice(match.index + match[0].length, end), hash)) {
          this.#open[this.#open.length - 1]!.taken = true;
          return this.#resume(from, match.index, end);
        }
      }
    }
    return this.#resume(from, this.#limit, this.#limit);
  }

  #resume(start: number, end: number, next: number): number {
    if (end > start) this.inactive.push({ start, end });
    return next;
  }

  #define(at: number, end: number): void {
    DEFINE.lastIndex = at;
    const match = DEFINE.exec(this.#text);
    if (!match || DEFINE.lastIndex > end) return;
    const params =
      match[3] === undefined
        ? null
        : match[3]
            .replace(/\\\n/g, ' ')
            .split(',')
            .map((p) => p.trim())
            .filter(Boolean);
    const name = match[1]!;
    this.#undefined.delete(name);
    this.macros.set(name, { name, params, body: clean(this.#text.slice(DEFINE.lastIndex, end)), pos: at });
  }
}

/** A directive's text without continuations and comments. */
function clean(text: string): string {
  const joined = text.includes('\\') ? text.replace(/\\\r?\n/g, ' ') : text;
  const bare = joined.includes('/*') ? joined.replace(/\/\*[\s\S]*?(?:\*\/|$)/g, ' ') : joined;
  return (bare.includes('//') ? bare.replace(/(^|[^:"])\/\/.*$/, '$1') : bare).trim();
}

/** The ranges of a text that `#if`s exclude, and how many conditionals are open at its end. */
export function inactiveRanges(text: string, config: Config): { ranges: Range[]; open: number } {
  const directives = new Directives(text, text.length, config);
  const line = /^[ \t]*#/gm;
  for (let match = line.exec(text); match; match = line.exec(text)) {
    line.lastIndex = Math.max(line.lastIndex, directives.at(match.index + match[0].length - 1));
  }
  return { ranges: directives.inactive, open: directives.openCount };
}
