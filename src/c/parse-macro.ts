/**
 * Macro calls where statements stand: iterators, guards, declarations in disguise. kernel-macros.ts says which
 * is which; a call that is none of these is left to parse-stmt.ts.
 */
import type { Ast, Declared, Stmt } from './ast.ts';
import { type Cursor, SYNTAX } from './cursor.ts';
import {
  DECLARING,
  DECLARING_PATTERN,
  ITERATOR_PATTERN,
  ITERATORS,
  LOOP_ENDS,
  MAYBE_PATTERN,
  NO_EFFECT,
} from './kernel-macros.ts';
import { Eof, Id, Punct, Str, type Token } from './lex.ts';
import { argument, assignment, initialiser } from './parse-expr.ts';
import { body, declarationHere, endStatement, statement } from './parse-stmt.ts';
import { declarator, specifiers } from './parse-type.ts';

/** A macro call where a statement stands: a loop, a guard, a declaration, or nothing special (null). */
export function macroStatement(c: Cursor, a: Token, loose: boolean): Stmt | null {
  const name = a.text;
  const close = c.afterGroup(c.at + 1) - 1;
  const after = c.tokens[Math.min(close + 1, c.tokens.length - 1)]!;
  if (NO_EFFECT.has(name)) {
    c.at = close + 1;
    c.accept(';');
    return { k: 'empty', a, b: c.previous };
  }
  if (name === 'guard' || name === 'scoped_guard' || name === 'scoped_cond_guard' || name === 'CLASS')
    return guard(c, a, close);
  const declares = DECLARING.get(name) ?? (DECLARING_PATTERN.test(name) ? { name: 0, type: '' } : null);
  if (declares && declares.name !== -2 && after.text !== '{')
    return declaringMacro(c, a, close, declares, loose);
  const iterates = ITERATORS.has(name) || ITERATOR_PATTERN.test(name);
  const bodyFollows =
    after.text === '{' ||
    (iterates && after.fresh && /^(?:[(*]|\+\+|--)$/.test(after.text)) ||
    ((after.kind === Id || after.kind === Str) && (iterates || !after.fresh || MAYBE_PATTERN.test(name)));
  // A loop over nothing is a call, unless it is known to be a loop: functions are named like loops too.
  if (!(bodyFollows || (ITERATORS.has(name) && after.text === ';')) || after.kind === Eof) return null;
  if (!iterates && after.kind !== Punct && !MAYBE_PATTERN.test(name)) return null;
  c.statements++;
  const args = argumentsOf(c, close);
  const inner = body(c);
  if (c.token.kind === Id && LOOP_ENDS.test(c.text)) {
    c.next();
    if (c.is('(')) c.at = c.afterGroup(c.at);
    c.accept(';');
  }
  if (!iterates && MAYBE_PATTERN.test(name)) {
    const fn: Ast = { k: 'id', name, a, b: a };
    return {
      k: 'maybe',
      call: { k: 'call', fn, args, a, b: c.tokens[close]! },
      body: inner,
      a,
      b: c.previous,
    };
  }
  return { k: 'iterate', macro: name, args, body: inner, a, b: c.previous };
}

/** The arguments of the macro call at the cursor, up to the index of its closing parenthesis. */
function argumentsOf(c: Cursor, close: number): Ast[] {
  c.next();
  c.next();
  const args: Ast[] = [];
  while (c.at < close) {
    args.push(iteratorArgument(c, close));
    if (!c.accept(',')) break;
  }
  c.at = close + 1;
  return args;
}

/** Some iterators declare their variable: `for_each_x(struct foo *p, …)` is read as `p`. */
function iteratorArgument(c: Cursor, close: number): Ast {
  const start = c.at;
  const first = c.token;
  if (first.kind === Id && declarationHere(c)) {
    try {
      const { type } = specifiers(c);
      const { name } = declarator(c, type, false);
      if (name && (c.is(',') || c.at === close)) return { k: 'id', name, a: first, b: c.previous };
    } catch (error) {
      if (error !== SYNTAX) throw error;
    }
    c.at = start;
  }
  return argument(c, close);
}

function guard(c: Cursor, a: Token, close: number): Stmt {
  c.statements++;
  const kind = a.text;
  if (kind === 'guard' || kind === 'CLASS') {
    const words = c.tokens.slice(c.at + 2, close);
    c.at = close + 1;
    const second = c.is('(') ? c.afterGroup(c.at) - 1 : -1;
    const args: Ast[] = [];
    if (second >= 0) {
      c.at--;
      args.push(...argumentsOf(c, second));
    }
    endStatement(c);
    if (kind === 'guard') {
      return {
        k: 'guard',
        cls: words.map((w) => w.text).join(''),
        args,
        fail: null,
        body: null,
        a,
        b: c.previous,
      };
    }
    const variable = words[words.length - 1]!;
    c.locals.add(variable.text);
    const fn: Ast = { k: 'id', name: `class_${words[0]?.text}_constructor`, a, b: a };
    const init: Ast = { k: 'call', fn, args, a, b: c.previous };
    const type = `class_${words[0]?.text}_t`;
    const item = {
      name: variable.text,
      type,
      init,
      free: `class:${words[0]?.text ?? ''}`,
      isStatic: false,
      a,
      b: c.previous,
    };
    return { k: 'decl', items: [item], a, b: c.previous };
  }
  c.next();
  c.next();
  const cls = c.name().text;
  let fail: Stmt | null = null;
  if (kind === 'scoped_cond_guard') {
    c.expect(',');
    fail = statement(c, true);
  }
  const args: Ast[] = [];
  while (c.at < close && c.accept(',')) args.push(argument(c, close));
  c.at = close + 1;
  const inner = body(c);
  return { k: 'guard', cls, args, fail, body: inner, a, b: c.previous };
}

function declaringMacro(
  c: Cursor,
  a: Token,
  close: number,
  rule: { name: number; type: string },
  loose: boolean,
): Stmt | null {
  c.statements++;
  const args = argumentsOf(c, close);
  const named = args[rule.name];
  if (named?.k !== 'id') {
    // Not a declaration after all: an ordinary call.
    c.at = c.tokens.indexOf(a);
    c.statements--;
    return null;
  }
  let type = rule.type;
  if (type.includes('$0')) {
    const given = args[0];
    type = type.replace('$0', given?.k === 'type' ? given.type : given?.k === 'id' ? given.name : '');
    if (type.startsWith(' ')) type = '';
  }
  c.locals.add(named.name);
  const fn: Ast = { k: 'id', name: a.text, a, b: a };
  const init: Ast = { k: 'call', fn, args, a, b: c.tokens[close]! };
  let value: Ast | null = null;
  if (c.accept('=')) value = c.is('{') ? initialiser(c) : assignment(c);
  const items: Declared[] = [
    { name: named.name, type, init: value, free: '', isStatic: false, a, b: c.previous },
  ];
  // `LIST_HEAD(list), *pos, *next;`: the macro's type goes on.
  while (c.accept(',')) {
    const at = c.token;
    const more = declarator(c, type, false);
    const init = c.accept('=') ? assignment(c) : null;
    c.locals.add(more.name);
    items.push({ name: more.name, type: more.type, init, free: '', isStatic: false, a: at, b: c.previous });
  }
  if (!loose || c.is(';')) endStatement(c);
  const declared: Stmt = { k: 'decl', items, a, b: c.previous };
  const made: Ast = type.endsWith('*') ? { k: 'assign', op: '', x: named, y: init, a, b: init.b } : init;
  return { k: 'group', items: [declared, { k: 'expr', e: made, a, b: c.previous }], a, b: c.previous };
}
