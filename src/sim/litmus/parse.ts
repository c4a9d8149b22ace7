/**
 * Reads a litmus test in the C format of the kernel memory model (tools/memory-model/Documentation/litmus-tests.txt).
 *
 * First comments go (the stated result is taken from them), then the name, the initial state, the threads' statements, and at the end
 * `locations`, `filter` and `exists` / `~exists` / `forall`. Statements are declarations, assignments, calls, `if` and blocks; loops,
 * structures and other declarations are refused with the line. It gives syntax; `lower.ts` gives it a meaning.
 */
export type Expr =
  | { k: 'number'; value: number }
  | { k: 'name'; name: string }
  | { k: 'deref'; of: Expr }
  | { k: 'address'; name: string }
  | { k: 'call'; name: string; args: Expr[] }
  | { k: 'binary'; op: string; a: Expr; b: Expr }
  | { k: 'not'; of: Expr };

export type Statement =
  | { k: 'declare'; name: string; value?: Expr }
  | { k: 'assign'; to: Expr; value: Expr }
  | { k: 'do'; value: Expr }
  | { k: 'if'; cond: Expr; then: Statement[]; otherwise: Statement[] };

export type Condition =
  | { k: 'and' | 'or'; a: Condition; b: Condition }
  | { k: 'not'; of: Condition }
  | { k: 'is'; thread: number; name: string; value: number | string }
  | { k: 'true' };

export interface LitmusThread {
  params: { name: string; type: string }[];
  body: Statement[];
}

export interface LitmusTest {
  name: string;
  /** Never, Sometimes or Always, as the test's comment says; '' when it does not. */
  stated: string;
  initial: { name: string; type: string; value: number | string }[];
  threads: LitmusThread[];
  filter: Condition;
  quantifier: 'exists' | '~exists' | 'forall';
  condition: Condition;
}

export class LitmusError extends Error {}

export function parseLitmus(source: string): LitmusTest {
  const stated = /Result:\s*(Never|Sometimes|Always)/.exec(source)?.[1] ?? '';
  const bare = source
    .replace(/\(\*\s[\s\S]*?\*\)/g, ' ')
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .replace(/\/\/.*$/gm, '');
  const head = /^\s*C\s+(\S+)/.exec(bare);
  if (!head) throw new LitmusError('the test does not begin with "C NAME"');
  return new Parser(bare.slice(head[0].length)).test(head[1]!, stated);
}

const TOKEN =
  /\s+|(\/\\|\\\/|~exists|->|==|!=|<=|>=|&&|\|\||<<|>>|[A-Za-z_]\w*|\d+|0x[0-9a-fA-F]+|[-+*/%&|^~!<>=(){}[\];:,])/y;

class Parser {
  private readonly tokens: string[] = [];
  private at = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.length) {
      const start = TOKEN.lastIndex;
      const match = TOKEN.exec(text);
      if (!match) throw new LitmusError(`cannot read "${text.slice(start, start + 20).trim()}"`);
      if (match[1]) this.tokens.push(match[1]);
    }
  }

  test(name: string, stated: string): LitmusTest {
    const initial = this.initialState();
    const threads: LitmusThread[] = [];
    while (/^P\d+$/.test(this.peek())) threads.push(this.threadAt(threads.length));
    const result: LitmusTest = {
      name,
      stated,
      initial,
      threads,
      filter: { k: 'true' },
      quantifier: 'exists',
      condition: { k: 'true' },
    };
    while (this.peek() !== '') {
      const word = this.next();
      if (word === 'locations') while (this.next() !== ']');
      else if (word === 'filter') result.filter = this.condition();
      else if (word === 'exists' || word === '~exists' || word === 'forall') {
        result.quantifier = word;
        result.condition = this.condition();
      } else throw new LitmusError(`"${word}" is not expected after the threads`);
    }
    return result;
  }

  private peek(n = 0): string {
    return this.tokens[this.at + n] ?? '';
  }

  private next(): string {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new LitmusError('the test ends too early');
    return token;
  }

  private eat(token: string): void {
    const found = this.next();
    if (found !== token) throw new LitmusError(`"${token}" expected, found "${found}"`);
  }

  private has(token: string): boolean {
    if (this.peek() !== token) return false;
    this.at++;
    return true;
  }

  private initialState(): LitmusTest['initial'] {
    const initial: LitmusTest['initial'] = [];
    this.eat('{');
    while (!this.has('}')) {
      if (this.has(';')) continue;
      const words: string[] = [];
      while (!['=', ';'].includes(this.peek())) words.push(this.next());
      const name = words.pop()!;
      const value: (number | string)[] = [0];
      if (this.has('=')) {
        value[0] = 0;
        while (this.peek() !== ';') {
          const token = this.next();
          if (/^\d/.test(token)) value[0] = Number(token);
          else if (/^\w/.test(token) && token !== 'ATOMIC_INIT') value[0] = token;
        }
      }
      initial.push({ name, type: words.join(' '), value: value[0]! });
      this.eat(';');
    }
    return initial;
  }

  private threadAt(number: number): LitmusThread {
    if (this.next() !== `P${number}`) throw new LitmusError(`thread P${number} expected`);
    this.eat('(');
    const params: LitmusThread['params'] = [];
    while (!this.has(')')) {
      const words: string[] = [];
      while (![',', ')'].includes(this.peek())) words.push(this.next());
      this.has(',');
      const name = words.pop();
      if (name) params.push({ name, type: words.join(' ') });
    }
    return { params, body: this.block() };
  }

  private block(): Statement[] {
    this.eat('{');
    const body: Statement[] = [];
    while (!this.has('}')) body.push(...this.statement());
    return body;
  }

  private statement(): Statement[] {
    if (this.peek() === '{') return this.block();
    if (this.has(';')) return [];
    if (this.has('if')) {
      this.eat('(');
      const cond = this.expr();
      this.eat(')');
      const then = this.statement();
      return [{ k: 'if', cond, then, otherwise: this.has('else') ? this.statement() : [] }];
    }
    if (/^(int|long|unsigned|struct|atomic_t|spinlock_t|intptr_t)$/.test(this.peek()))
      return this.declaration();
    if (/^(while|for|do|goto|switch)$/.test(this.peek()))
      throw new LitmusError(`"${this.peek()}" is not supported`);
    const to = this.expr();
    const result: Statement = this.has('=')
      ? { k: 'assign', to, value: this.expr() }
      : { k: 'do', value: to };
    this.eat(';');
    return [result];
  }

  private declaration(): Statement[] {
    while (/^(int|long|unsigned|struct|atomic_t|spinlock_t|intptr_t|\*)$/.test(this.peek())) this.next();
    const result: Statement[] = [];
    do {
      while (this.has('*'));
      const name = this.next();
      result.push(this.has('=') ? { k: 'declare', name, value: this.expr() } : { k: 'declare', name });
    } while (this.has(','));
    this.eat(';');
    return result;
  }

  private expr(level = 0): Expr {
    const ops = LEVELS[level];
    if (!ops) return this.unary();
    let a = this.expr(level + 1);
    while (ops.includes(this.peek())) a = { k: 'binary', op: this.next(), a, b: this.expr(level + 1) };
    return a;
  }

  private unary(): Expr {
    if (this.has('*')) return { k: 'deref', of: this.unary() };
    if (this.has('&')) return { k: 'address', name: this.next() };
    if (this.has('!')) return { k: 'not', of: this.unary() };
    if (this.has('-')) return { k: 'binary', op: '-', a: { k: 'number', value: 0 }, b: this.unary() };
    if (this.has('(')) {
      if (/^(void|int|long|intptr_t)$/.test(this.peek())) {
        while (this.next() !== ')');
        return this.unary();
      }
      const inner = this.expr();
      this.eat(')');
      return inner;
    }
    const word = this.next();
    if (/^\d/.test(word)) return { k: 'number', value: Number(word) };
    if (!/^\w/.test(word)) throw new LitmusError(`"${word}" is not expected in an expression`);
    if (!this.has('(')) return { k: 'name', name: word };
    const args: Expr[] = [];
    while (!this.has(')')) {
      args.push(this.expr());
      this.has(',');
    }
    return { k: 'call', name: word, args };
  }

  private condition(): Condition {
    let a = this.conjunction();
    while (this.has('\\/')) a = { k: 'or', a, b: this.conjunction() };
    return a;
  }

  private conjunction(): Condition {
    let a = this.atom();
    while (this.has('/\\')) a = { k: 'and', a, b: this.atom() };
    return a;
  }

  private atom(): Condition {
    if (this.has('~')) return { k: 'not', of: this.atom() };
    if (this.has('(')) {
      const inner = this.condition();
      this.eat(')');
      return inner;
    }
    const word = this.next();
    if (word === 'true') return { k: 'true' };
    const thread = this.has(':') ? Number(word) : -1;
    const name = thread >= 0 ? this.next() : word;
    this.eat('=');
    this.has('&');
    const value = this.next();
    return { k: 'is', thread, name, value: /^\d/.test(value) ? Number(value) : value };
  }
}

const LEVELS = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
