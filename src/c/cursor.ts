/** The parser's place in a list of tokens, and what it knows of names. Shared by the parse-*.ts files. */
import { Eof, Id, type Token } from './lex.ts';

/** Thrown inside the parser and caught at the next statement or argument; carries nothing, so it is cheap. */
export const SYNTAX: { readonly syntax: true } = { syntax: true };

/** Nesting beyond this is not read: damaged text must not exhaust the stack. */
const MAX_DEPTH = 120;

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

  /** The index after the group that opens at index `at`, or of the end. */
  afterGroup(at: number): number {
    const open = this.tokens[at]!.text;
    const close = open === '(' ? ')' : open === '[' ? ']' : '}';
    let depth = 0;
    for (let i = at; i < this.tokens.length; i++) {
      const text = this.tokens[i]!.text;
      if (text === open && this.tokens[i]!.kind === this.tokens[at]!.kind) depth++;
      else if (text === close && --depth === 0) return i + 1;
    }
    return this.tokens.length - 1;
  }
}
