/** Syntax trees of function bodies, as the parser makes them and the lowering reads them. */
import type { Token } from './lex.ts';

/** Every node knows its first and last token. */
interface Node {
  a: Token;
  b: Token;
}

export type Ast = Node &
  (
    | { k: 'id'; name: string }
    | { k: 'num'; value: number }
    | { k: 'str'; text: string }
    | { k: 'member'; of: Ast; name: string; arrow: boolean }
    | { k: 'index'; of: Ast; index: Ast }
    | { k: 'call'; fn: Ast; args: Ast[] }
    | { k: 'unary'; op: '-' | '~' | '!' | '*' | '&'; of: Ast }
    /** `++` and `--`. */
    | { k: 'step'; op: '+' | '-'; post: boolean; of: Ast }
    | { k: 'binary'; op: string; x: Ast; y: Ast }
    /** `op` is '' for a plain assignment, else '+', '|', … */
    | { k: 'assign'; op: string; x: Ast; y: Ast }
    /** `x` is null in `c ?: y`. */
    | { k: 'cond'; c: Ast; x: Ast | null; y: Ast }
    | { k: 'comma'; x: Ast; y: Ast }
    | { k: 'cast'; type: string; of: Ast }
    /** A type given as a macro's argument. */
    | { k: 'type'; type: string }
    /** `{ .f = x, [2] = y, z }`; `member` names the field, '' for the others. */
    | { k: 'init'; items: { member: string; value: Ast }[] }
    | { k: 'block'; body: Stmt }
    /** sizeof, offsetof, label addresses, what could not be read. */
    | { k: 'opaque'; kids: Ast[] }
  );

export interface Declared {
  name: string;
  type: string;
  init: Ast | null;
  /** The class of `__free(class)`, '' when there is none. */
  free: string;
  isStatic: boolean;
  a: Token;
  b: Token;
}

export type Stmt = Node &
  (
    | { k: 'expr'; e: Ast }
    | { k: 'decl'; items: Declared[] }
    | { k: 'block'; items: Stmt[] }
    /** Several statements from one, without a scope of their own. */
    | { k: 'group'; items: Stmt[] }
    | { k: 'if'; c: Ast; yes: Stmt; no: Stmt | null }
    | { k: 'while'; c: Ast; body: Stmt }
    | { k: 'do'; c: Ast; body: Stmt }
    | { k: 'for'; init: Stmt | null; c: Ast | null; step: Ast | null; body: Stmt }
    | { k: 'switch'; c: Ast; body: Stmt }
    | { k: 'case'; from: Ast; to: Ast | null }
    | { k: 'default' }
    | { k: 'label'; name: string }
    | { k: 'goto'; name: string }
    /** `goto *p`, asm goto. */
    | { k: 'jump'; labels: string[] | null }
    | { k: 'break' }
    | { k: 'continue' }
    | { k: 'return'; value: Ast | null }
    | { k: 'iterate'; macro: string; args: Ast[]; body: Stmt }
    /** `scoped_guard(class, args) body`; `cond` for scoped_cond_guard's failure statement. */
    | { k: 'guard'; cls: string; args: Ast[]; fail: Stmt | null; body: Stmt | null }
    /** A macro call with a body that may run once. */
    | { k: 'maybe'; call: Ast; body: Stmt }
    | { k: 'empty' }
    | { k: 'opaque' }
  );

export type AstOf<K extends Ast['k']> = Extract<Ast, { k: K }>;
export type StmtOf<K extends Stmt['k']> = Extract<Stmt, { k: K }>;
