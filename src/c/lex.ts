/**
 * C tokens of a range of text: comments, directives and inactive ranges are skipped, positions are kept.
 * It does not expand macros (expand.ts) and never fails: a byte it does not know is a token of its own.
 */
import type { Range } from './directives.ts';

export const Id = 1;
export const Num = 2;
export const Str = 3;
export const Char = 4;
export const Punct = 5;
export const Eof = 6;

/** The place of a macro call in the text, shared by the tokens that came out of it. */
export interface Invocation {
  pos: number;
  end: number;
}

export class Token {
  kind: number;
  text: string;
  pos: number;
  end: number;
  /** First on its line. */
  fresh: boolean;
  /** Set when the token came out of a macro call; `arg` when it stood in that call's arguments. */
  from: Invocation | null = null;
  arg = false;

  constructor(kind: number, text: string, pos: number, end: number, fresh: boolean) {
    this.kind = kind;
    this.text = text;
    this.pos = pos;
    this.end = end;
    this.fresh = fresh;
  }
}

const SPACE = 1;
const WORD = 2;
const DIGIT = 3;
const classes = new Uint8Array(128);
for (const c of ' \t\r\n\f\v') classes[c.charCodeAt(0)] = SPACE;
for (let c = 65; c <= 90; c++) classes[c] = WORD;
for (let c = 97; c <= 122; c++) classes[c] = WORD;
classes[95] = WORD;
classes[36] = WORD;
for (let c = 48; c <= 57; c++) classes[c] = DIGIT;

const PUNCTUATION = /\.\.\.|<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|##|[\s\S]/y;

/** The offset after the string or character literal that opens at `at`; a newline ends a damaged one. */
export function skipQuoted(text: string, at: number, limit: number): number {
  const quote = text.charCodeAt(at);
  let i = at + 1;
  while (i < limit) {
    const c = text.charCodeAt(i);
    if (c === 92) i += 2;
    else if (c === quote) return i + 1;
    else if (c === 10) return i;
    else i++;
  }
  return limit;
}

/** The offset of the newline that ends the directive or line comment at `at`, continuations included. */
export function skipLine(text: string, at: number, limit: number): number {
  let from = at;
  for (;;) {
    const newline = text.indexOf('\n', from);
    if (newline < 0 || newline >= limit) return limit;
    let before = newline - 1;
    if (text.charCodeAt(before) === 13) before--;
    if (text.charCodeAt(before) !== 92) {
      // A comment that opens on a directive's line may go on over the next ones.
      const open = text.charCodeAt(at) === 35 ? text.slice(from, newline).lastIndexOf('/*') : -1;
      if (open < 0) return newline;
      const close = text.indexOf('*/', from + open + 2);
      if (close < newline) return newline;
      from = close + 2;
      continue;
    }
    from = newline + 1;
  }
}

/** The tokens of text[start, end) without those in `inactive` (sorted ranges), ended by one Eof token. */
export function lex(text: string, start: number, end: number, inactive: readonly Range[] = []): Token[] {
  const tokens: Token[] = [];
  let fresh = true;
  let i = start;
  let skip = 0;
  while (skip < inactive.length && inactive[skip]!.end <= start) skip++;
  while (i < end) {
    if (skip < inactive.length && i >= inactive[skip]!.start) {
      if (inactive[skip]!.end > i) i = inactive[skip]!.end;
      skip++;
      fresh = true;
      continue;
    }
    const c = text.charCodeAt(i);
    const cls = c < 128 ? classes[c]! : 0;
    if (cls === SPACE) {
      if (c === 10) fresh = true;
      i++;
      continue;
    }
    let j = i + 1;
    let kind = Punct;
    let word = '';
    if (cls === WORD) {
      while (j < end && (text.charCodeAt(j) < 128 ? classes[text.charCodeAt(j)]! : 0) >= WORD) j++;
      kind = Id;
    } else if (cls === DIGIT || (c === 46 && classes[text.charCodeAt(j)] === DIGIT)) {
      for (; j < end; j++) {
        const d = text.charCodeAt(j);
        if (d < 128 && (classes[d]! >= WORD || d === 46)) continue;
        const before = text.charCodeAt(j - 1) | 32;
        // An exponent's sign belongs to a float, but 0x1e+2 is a sum.
        if ((d === 43 || d === 45) && (before === 112 || (before === 101 && !/^0x/i.test(text.slice(i, j)))))
          continue;
        break;
      }
      kind = Num;
    } else if (c === 34 || c === 39) {
      j = skipQuoted(text, i, end);
      kind = c === 34 ? Str : Char;
    } else if (c === 47 && text.charCodeAt(j) === 42) {
      const close = text.indexOf('*/', i + 2);
      const stop = close < 0 || close + 2 > end ? end : close + 2;
      if (!fresh && text.slice(i, stop).includes('\n')) fresh = true;
      i = stop;
      continue;
    } else if (c === 47 && text.charCodeAt(j) === 47) {
      i = skipLine(text, i, end);
      continue;
    } else if (c === 35 && fresh) {
      i = skipLine(text, i, end);
      continue;
    } else if (c === 92 && (text.charCodeAt(j) === 10 || text.charCodeAt(j) === 13)) {
      i = j;
      continue;
    } else {
      PUNCTUATION.lastIndex = i;
      word = PUNCTUATION.exec(text)![0];
      j = Math.min(i + word.length, end);
    }
    tokens.push(new Token(kind, word || text.slice(i, j), i, j, fresh));
    fresh = false;
    i = j;
  }
  tokens.push(new Token(Eof, '', end, end, true));
  return tokens;
}
