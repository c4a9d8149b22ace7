/** The parser's place in a list of tokens, and what it knows of names. Shared by the parse-*.ts files. */
import { Eof, Id, Punct, type Token } from './lex.ts';

/** Thrown inside the parser and caught at the next statement or argument; carries nothing, so it is cheap. */
export const SYNTAX: { readonly syntax: true } = { syntax: true };

/** Nesting beyond this is not read: damaged text must not exhaust the stack. */
const MAX_DEPTH = 120;

/** So are chains (`a->b->c…`, `a + b + …`), which nest in the tree though not in the text. */
export const MAX_CHAIN = 600;

export class Cursor {
  readonly tokens: Token[];
  at = 0;
  depth = 0;
  /** Statements that could not be read. */
  opaque = 0;
  /** Statements met. */
  statements = 0;
  readonly isType: (name: string) => boolean;
  /** Local names seen so far: they hide types. */
  readonly locals: Set<string> = new Set();

  constructor(tokens: Token[], isType: (name: string) => boolean) {
    this.tokens = tokens;
    this.isType = isType;
  }

  get token(): Token {
    return this.tokens[this.at]!;
  }

  get text(): string {
    return this.tokens[this.at]!.text;
  }

  /** The token `n` further on (the last one at the end). */
  ahead(n: number): Token {
    return this.tokens[Math.min(this.at + n, this.tokens.length - 1)]!;
  }

  get previous(): Token {
    return this.tokens[Math.max(this.at - 1, 0)]!;
  }

  get done(): boolean {
    return this.tokens[this.at]!.kind === Eof;
  }

  next(): Token {
    const token = this.tokens[this.at]!;
    if (token.kind !== Eof) this.at++;
    return token;
  }

  is(text: string): boolean {
    return this.tokens[this.at]!.text === text;
  }

  accept(text: string): boolean {
    if (this.tokens[this.at]!.text !== text) return false;
    this.next();
    return true;
  }

  expect(text: string): Token {
    if (this.tokens[this.at]!.text !== text) throw SYNTAX;
    return this.next();
  }

  name(): Token {
    if (this.token.kind !== Id) throw SYNTAX;
    return this.next();
  }

  /** Runs `f` one level deeper. */
  nested<T>(f: () => T): T {
    if (++this.depth > MAX_DEPTH) {
      this.depth--;
      throw SYNTAX;
    }
    try {
      return f();
    } finally {
      this.depth--;
    }
  }

  #ends: Int32Array | null = null;

  /** The index after the group that opens at index `at`, or of the end. */
  afterGroup(at: number): number {
    this.#ends ??= groupEnds(this.tokens);
    return this.#ends[at] || this.tokens.length - 1;
  }
}

/** For each opening bracket the index after the one that closes it; 0 where there is none. */
function groupEnds(tokens: readonly Token[]): Int32Array {
  const ends = new Int32Array(tokens.length);
  // Each kind of bracket by itself: a missing brace does not hide a closing parenthesis.
  const open: Record<string, number[]> = { ')': [], ']': [], '}': [] };
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text } = tokens[i]!;
    if (kind !== Punct) continue;
    if (text === '(') open[')']!.push(i);
    else if (text === '[') open[']']!.push(i);
    else if (text === '{') open['}']!.push(i);
    else if (text === ')' || text === ']' || text === '}') {
      const at = open[text]!.pop();
      if (at !== undefined) ends[at] = i + 1;
    }
  }
  return ends;
}
