/**
 * Cuts a file into its top-level items (functions, structs, typedefs, variables, prototypes, macro calls)
 * with one pass over its characters, obeying `#if`. Bodies are only measured, not parsed; that is done on
 * demand (unit.ts). Unbalanced text ends an item at the first closing brace in column one.
 */
import type { Config } from './config.ts';
import { type Choice, Directives, type MacroText, type Range } from './directives.ts';
import { ATTRIBUTES, ATTRIBUTES_WITH_ARGS } from './kernel-macros.ts';
import { skipLine, skipQuoted } from './lex.ts';

export type { MacroText, Range } from './directives.ts';

export type ItemKind =
  | 'function'
  | 'prototype'
  | 'aggregate'
  | 'typedef'
  | 'variable'
  | 'enum'
  | 'invocation';

export interface Item {
  kind: ItemKind;
  /** Function or variable name; `struct foo` for an aggregate; the macro's name for an invocation. */
  name: string;
  start: number;
  /** Offset of the name. */
  pos: number;
  /** The opening brace of the body; −1 when there is none. */
  body: number;
  end: number;
  /** The closing brace was not found where it should be. */
  damaged: boolean;
}

export interface Scan {
  items: Item[];
  macros: Map<string, MacroText>;
  includes: string[];
  inactive: Range[];
}

/** A top-level word: an identifier, a punctuation character, or a whole (…), {…}, […] group. */
interface Word {
  c: string;
  text: string;
  start: number;
  end: number;
  fresh: boolean;
}

const BODY = /["'/#{}]/g;
const GROUP = /["'/#(){}[\]]/g;
const WORDS = /[A-Za-z_$][\w$]*/y;
/** Words that may stand between a function's parameters and its body. */
const AFTER_PARAMS = /^(?:__\w+|noexcept|NOTRACE|noinline|notrace|__attribute__|asm)$/;

/** Scans a whole text. Never throws. */
export function scan(text: string, config: Config, choice: Choice = {}): Scan {
  const scanner = new Scanner(text, config, 0, choice);
  scanner.run();
  const { macros, includes, inactive } = scanner.directives;
  return { items: scanner.items, macros, includes, inactive };
}

/** Scans only the first item, or the first definition of a macro, from `start` on. */
export function scanOne(text: string, config: Config, start: number): Scan {
  const scanner = new Scanner(text, config, start, {});
  scanner.run(true);
  const { macros, includes, inactive } = scanner.directives;
  return { items: scanner.items, macros, includes, inactive };
}

class Scanner {
  readonly items: Item[] = [];
  readonly directives: Directives;
  readonly #text: string;
  readonly #end: number;
  #at: number;
  #words: Word[] = [];

  constructor(text: string, config: Config, start: number, choice: Choice) {
    this.#text = text;
    this.#at = start;
    this.#end = text.length;
    this.directives = new Directives(text, text.length, config, choice);
  }

  run(one = false): void {
    const text = this.#text;
    const end = this.#end;
    let fresh = true;
    while (this.#at < end) {
      if (one && (this.directives.macros.size > 0 || (this.items.length > 0 && this.#words.length === 0)))
        return;
      const at = this.#at;
      const c = text.charCodeAt(at);
      if (c === 10) {
        fresh = true;
        this.#at++;
      } else if (c === 32 || c === 9 || c === 13 || c === 12 || c === 92) {
        this.#at++;
      } else if (c === 47 && text.charCodeAt(at + 1) === 42) {
        const close = text.indexOf('*/', at + 2);
        this.#at = close < 0 ? end : close + 2;
      } else if (c === 47 && text.charCodeAt(at + 1) === 47) {
        this.#at = skipLine(text, at, end);
      } else if (c === 35 && fresh) {
        this.#at = this.directives.at(at);
      } else {
        this.#word(c, fresh);
        fresh = false;
      }
    }
    this.#finish(end, -1, false);
  }

  #word(c: number, fresh: boolean): void {
    const text = this.#text;
    const start = this.#at;
    if ((c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95 || c === 36) {
      WORDS.lastIndex = start;
      WORDS.exec(text);
      this.#at = Math.min(WORDS.lastIndex, this.#end);
      if (fresh && text.charCodeAt(start - 1) !== 9 && text.charCodeAt(start - 1) !== 32)
        this.#breakInvocation();
      this.#push('a', start, fresh, text.slice(start, this.#at));
      return;
    }
    switch (c) {
      case 59: // ;
        this.#at++;
        this.#finish(this.#at, -1, false);
        return;
      case 40: // (
      case 91: // [
        this.#at = this.#group(start);
        this.#push(c === 40 ? '(' : '[', start, fresh, '');
        return;
      case 123: // {
        this.#brace(start, fresh);
        return;
      case 125: // }
        this.#at++;
        this.#words = [];
        return;
      case 34:
      case 39:
        this.#at = skipQuoted(text, start, this.#end);
        this.#push('"', start, fresh, '');
        return;
      default:
        this.#at++;
        this.#push(text[start]!, start, fresh, '');
    }
  }

  #push(c: string, start: number, fresh: boolean, text: string): void {
    this.#words.push({ c, text, start, end: this.#at, fresh });
  }

  /** `PAGEFLAG(…)` without a semicolon: the next word in column one starts another item. */
  #breakInvocation(): void {
    const words = this.#words;
    if (words.length === 2 && words[0]!.c === 'a' && words[1]!.c === '(') {
      this.#finish(words[1]!.end, -1, false);
    } else if (words.length > 2 && words[words.length - 1]!.c === '(') {
      // A run of such calls, each on its own line.
      for (let i = 0; i + 1 < words.length; i += 2)
        if (words[i]!.c !== 'a' || words[i + 1]!.c !== '(') return;
      this.#finish(words[words.length - 1]!.end, -1, false);
    }
  }

  #brace(start: number, fresh: boolean): void {
    const words = this.#words;
    const function_ = this.#functionName();
    if (function_) {
      const { end, damaged } = this.#body(start, true);
      this.#at = end;
      this.items.push({
        kind: 'function',
        name: function_.text,
        start: words[0]!.start,
        pos: function_.start,
        body: start,
        end,
        damaged,
      });
      this.#words = [];
      return;
    }
    const { end, damaged } = this.#body(start, false);
    this.#at = end;
    this.#push('{', start, fresh, '');
    const assigned = words.some((w) => w.c === '=');
    if (!assigned) this.#aggregate(start, end, damaged);
    const first = words[0]!;
    // `extern "C" { … }` and damaged text: go on inside.
    if (first.c === '{' || (first.text === 'extern' && words[1]?.c === '"')) {
      this.#at = start + 1;
      this.#words = [];
    }
  }

  /** The name word when the words so far read as a function's head. */
  #functionName(): Word | null {
    const words = this.#words;
    let i = words.length - 1;
    while (i > 0) {
      const word = words[i]!;
      const before = words[i - 1]!;
      if (word.c === '(' && before.c === 'a') {
        // `f(…) __attribute(…) {`: an attribute follows the parameters, a name does not.
        if (words[i - 2]?.c !== '(' && !ATTRIBUTES_WITH_ARGS.has(before.text)) break;
        if (words[i - 2]?.c === '(' && words[i - 3]?.c !== 'a') break;
        if (
          words[i - 2]?.c === '(' &&
          ATTRIBUTES_WITH_ARGS.has(words[i - 3]!.text) &&
          !ATTRIBUTES_WITH_ARGS.has(before.text)
        )
          break;
        if (words[i - 2]?.c === '(' && before.fresh && !/^__/.test(before.text)) break;
        i -= 2;
      } else if (word.c === 'a' && (ATTRIBUTES.has(word.text) || AFTER_PARAMS.test(word.text))) i--;
      else if (word.c === '(' && before.c === '(') return this.#parenthesised(words, i - 1);
      else if (word.c === '[') i--;
      else return null;
    }
    if (i <= 0) return null;
    for (let j = 0; j < i - 1; j++) if (words[j]!.c === '=') return null;
    const name = words[i - 1]!;
    return /^(?:struct|union|enum|typeof|__typeof__)$/.test(name.text) ? null : name;
  }

  /** `int (*find(void))(int) {` and `int (find)(void) {`. */
  #parenthesised(words: Word[], at: number): Word | null {
    const group = words[at]!;
    const inner = /^\(\s*\*?\s*(\w+)/.exec(this.#text.slice(group.start, group.end));
    if (!inner) return null;
    const start = group.start + inner[0].length - inner[1]!.length;
    return { c: 'a', text: inner[1]!, start, end: start + inner[1]!.length, fresh: false };
  }

  #aggregate(body: number, end: number, damaged: boolean): void {
    const words = this.#words;
    for (let i = words.length - 2; i >= 0; i--) {
      const word = words[i]!;
      if (word.c !== 'a' || !/^(?:struct|union|enum)$/.test(word.text)) continue;
      const tag =
        words.slice(i + 1).find((w) => w.c === 'a' && !w.text.startsWith('__')) ??
        words.slice(i + 1).find((w) => w.c === 'a');
      const kind = word.text === 'enum' ? 'enum' : 'aggregate';
      const name = tag ? `${word.text} ${tag.text}` : word.text;
      this.items.push({ kind, name, start: word.start, pos: (tag ?? word).start, body, end, damaged });
      return;
    }
  }

  /** The end of the brace group at `open`. */
  #body(open: number, isFunction: boolean): { end: number; damaged: boolean } {
    const text = this.#text;
    let depth = 0;
    BODY.lastIndex = open;
    for (let match = BODY.exec(text); match && match.index < this.#end; match = BODY.exec(text)) {
      const at = match.index;
      switch (text.charCodeAt(at)) {
        case 123:
          depth++;
          break;
        case 125:
          if (--depth === 0) return { end: at + 1, damaged: false };
          break;
        default: {
          const next = this.#skipOther(at);
          if (next > at + 1) BODY.lastIndex = next;
        }
      }
    }
    // Unbalanced: the kernel's style closes a function in column one.
    const close = text.indexOf('\n}', open);
    if (isFunction && close >= 0 && close < this.#end) return { end: close + 2, damaged: true };
    return { end: this.#end, damaged: true };
  }

  #group(open: number): number {
    const text = this.#text;
    let depth = 0;
    GROUP.lastIndex = open;
    for (let match = GROUP.exec(text); match && match.index < this.#end; match = GROUP.exec(text)) {
      const at = match.index;
      const c = match[0];
      if (c === '(' || c === '{' || c === '[') depth++;
      else if (c === ')' || c === '}' || c === ']') {
        if (--depth === 0) return at + 1;
        if (depth < 0) return at;
      } else {
        const next = this.#skipOther(at);
        if (next > at + 1) GROUP.lastIndex = next;
      }
    }
    return Math.min(open + 1, this.#end);
  }

  /** After the literal, comment or directive at `at`; `at + 1` when it is none. */
  #skipOther(at: number): number {
    const text = this.#text;
    const c = text.charCodeAt(at);
    if (c === 34 || c === 39) return skipQuoted(text, at, this.#end);
    if (c === 47) {
      const next = text.charCodeAt(at + 1);
      if (next === 42) {
        const close = text.indexOf('*/', at + 2);
        return close < 0 ? this.#end : close + 2;
      }
      return next === 47 ? skipLine(text, at, this.#end) : at + 1;
    }
    if (c !== 35) return at + 1;
    let before = at - 1;
    while (before >= 0 && (text.charCodeAt(before) === 32 || text.charCodeAt(before) === 9)) before--;
    return before < 0 || text.charCodeAt(before) === 10 ? this.directives.at(at) : at + 1;
  }

  /** Ends the current declaration at `end`. */
  #finish(end: number, body: number, damaged: boolean): void {
    const words = this.#words;
    this.#words = [];
    const first = words[0];
    if (!first) return;
    const add = (kind: ItemKind, name: Word): void => {
      this.items.push({ kind, name: name.text, start: first.start, pos: name.start, body, end, damaged });
    };
    if (first.text === 'typedef') {
      const name = declared(words, 1, this.#text);
      if (name) {
        // `typedef struct { … } foo_t;`: the struct is known by the typedef's name.
        const body = this.items[this.items.length - 1];
        if (body?.kind === 'aggregate' && body.start >= first.start && !body.name.includes(' ')) {
          body.name = `${body.name} ${name.text}`;
          body.start = first.start;
        }
        add('typedef', name);
      }
      return;
    }
    const group = words.findIndex((w, i) => w.c === '(' && i > 0 && words[i - 1]!.c === 'a');
    const equals = words.findIndex((w) => w.c === '=');
    const brace = words.findIndex((w) => w.c === '{');
    const caller = group > 0 ? words[group - 1]! : null;
    const pointer =
      group > 0 && /^\(\s*\*/.test(this.#text.slice(words[group]!.start, words[group]!.start + 20));
    if (caller && !pointer && (equals < 0 || group < equals) && (brace < 0 || group < brace)) {
      const plain = words
        .slice(0, group - 1)
        .filter((w) => w.c === 'a' && w.text !== 'static' && w.text !== 'extern');
      if (
        !/^(?:__attribute__|__aligned|__section|typeof|__typeof__|__printf|__guarded_by)$/.test(caller.text)
      ) {
        add(
          plain.length === 0 || /^(?:DEFINE|DECLARE)_/.test(caller.text) ? 'invocation' : 'prototype',
          caller,
        );
        return;
      }
    }
    const aggregate = brace >= 0 && (equals < 0 || brace < equals);
    for (const name of variables(words, aggregate ? brace + 1 : 0, this.#text)) add('variable', name);
  }
}

/** The last identifier of a declarator: what a typedef declares. */
function declared(words: Word[], from: number, text: string): Word | null {
  const group = words.findIndex((w, i) => i >= from && w.c === '(');
  if (group >= 0) {
    const inner = /^\(\s*\*+\s*(\w+)/.exec(text.slice(words[group]!.start, words[group]!.end));
    if (inner) {
      const start = words[group]!.start + inner[0].length - inner[1]!.length;
      return { c: 'a', text: inner[1]!, start, end: start + inner[1]!.length, fresh: false };
    }
  }
  let last: Word | null = null;
  for (let i = from; i < words.length; i++) {
    const word = words[i]!;
    if (word.c === 'a' && !/^__\w*(?:aligned|packed|attribute|mode|bitwise)\w*$/.test(word.text)) last = word;
    else if (word.c === '(' && last && !/^__(?:attribute__|aligned)$/.test(words[i - 1]!.text)) break;
  }
  return last;
}

/** The names that a variable declaration declares. */
function variables(words: Word[], from: number, text: string): Word[] {
  const names: Word[] = [];
  let last: Word | null = null;
  let seen = from > 0 ? 1 : 0;
  let initialiser = false;
  for (let i = from; i < words.length; i++) {
    const word = words[i]!;
    if (word.c === ',') {
      if (last) names.push(last);
      last = null;
      initialiser = false;
    } else if (word.c === '=') initialiser = true;
    else if (initialiser) continue;
    else if (
      word.c === 'a' &&
      !/^__\w*(?:aligned|section|init\w*|attribute__|read_mostly|initdata)$/.test(word.text)
    ) {
      if (seen++ > 0) last = word;
    } else if (word.c === '(') {
      // `(*name)(…)`
      const inner = /^\(\s*\*+\s*(\w+)/.exec(text.slice(word.start, word.end));
      if (inner) {
        const start = word.start + inner[0].length - inner[1]!.length;
        last = { c: 'a', text: inner[1]!, start, end: start + inner[1]!.length, fresh: false };
      }
    }
  }
  if (last) names.push(last);
  return names;
}
