/**
 * Statements: tokens to syntax trees. A statement that cannot be read becomes opaque by itself and parsing
 * goes on after it; loops, guards and declarations that hide in macros are told apart by kernel-macros.ts.
 */
import type { Ast, Declared, Stmt } from './ast.ts';
import { type Cursor, SYNTAX } from './cursor.ts';
import { DECLARING_PATTERN, LOOP_ENDS } from './kernel-macros.ts';
import { Id, Punct, Str, type Token } from './lex.ts';
import { assignment, expression, initialiser } from './parse-expr.ts';
import { macroStatement } from './parse-macro.ts';
import { declarator, isTypeKeyword, isTypeName, specifiers } from './parse-type.ts';

/** One statement; `loose` lets an expression statement end without its semicolon (a macro's argument). */
export function statement(c: Cursor, loose = false): Stmt {
  const start = c.at;
  const first = c.token;
  try {
    return c.nested(() => parse(c, first, loose));
  } catch (error) {
    if (error !== SYNTAX) throw error;
  }
  c.at = start;
  skipStatement(c);
  c.statements++;
  c.opaque++;
  return { k: 'opaque', a: first, b: c.previous };
}

/** Statements up to a closing brace or the end. */
export function statements(c: Cursor): Stmt[] {
  const items: Stmt[] = [];
  while (!c.done && !c.is('}')) {
    const before = c.at;
    items.push(statement(c));
    if (c.at === before) c.next();
  }
  return items;
}

/** Passes over what could not be read: to a semicolon, over a brace group, or to a closing brace. */
function skipStatement(c: Cursor): void {
  while (!c.done) {
    if (c.is('}')) return;
    if (c.accept(';')) return;
    if (c.is('{')) {
      c.at = c.afterGroup(c.at);
      c.accept(';');
      return;
    }
    if (c.is('(') || c.is('[')) c.at = c.afterGroup(c.at);
    else c.next();
  }
}

function parse(c: Cursor, a: Token, loose: boolean): Stmt {
  if (a.kind === Punct) {
    if (a.text === '{') {
      c.next();
      const items = statements(c);
      const b = c.is('}') ? c.next() : c.previous;
      return { k: 'block', items, a, b };
    }
    if (a.text === ';') {
      c.next();
      return { k: 'empty', a, b: a };
    }
    return expressionStatement(c, a, loose);
  }
  if (a.kind !== Id) return expressionStatement(c, a, loose);
  const simple = keyword(c, a, loose);
  if (simple) return simple;
  if (c.ahead(1).text === ':' && c.ahead(2).text !== ':') {
    c.next();
    c.next();
    return { k: 'label', name: a.text, a, b: a };
  }
  if (declarationHere(c)) return declaration(c, a, loose);
  if (c.ahead(1).text === '(') {
    const macro = macroStatement(c, a, loose);
    if (macro) return macro;
  }
  return expressionStatement(c, a, loose);
}

function keyword(c: Cursor, a: Token, loose: boolean): Stmt | null {
  switch (a.text) {
    case 'if': {
      c.statements++;
      c.next();
      const test = condition(c);
      const yes = body(c);
      let no: Stmt | null = null;
      if (c.accept('else')) no = body(c);
      return { k: 'if', c: test, yes, no, a, b: c.previous };
    }
    case 'else': {
      // Its `if` is not in the text: it may run.
      c.statements++;
      c.next();
      const yes = body(c);
      return { k: 'if', c: { k: 'id', name: '__unseen', a, b: a }, yes, no: null, a, b: c.previous };
    }
    case 'while': {
      c.statements++;
      c.next();
      const test = condition(c);
      return { k: 'while', c: test, body: body(c), a, b: c.previous };
    }
    case 'do': {
      c.statements++;
      c.next();
      const inner = body(c);
      if (c.token.kind === Id && LOOP_ENDS.test(c.text)) {
        c.next();
        if (c.is('(')) c.at = c.afterGroup(c.at);
        c.accept(';');
        return { k: 'while', c: { k: 'opaque', kids: [], a, b: a }, body: inner, a, b: c.previous };
      }
      // Cut off before its condition.
      if (!c.is('while'))
        return { k: 'do', c: { k: 'id', name: '__unseen', a, b: a }, body: inner, a, b: c.previous };
      c.next();
      const test = condition(c);
      c.accept(';');
      return { k: 'do', c: test, body: inner, a, b: c.previous };
    }
    case 'for':
      return forLoop(c, a);
    case 'switch': {
      c.statements++;
      c.next();
      const test = condition(c);
      return { k: 'switch', c: test, body: body(c), a, b: c.previous };
    }
    case 'case': {
      c.next();
      const from = caseValue(c);
      const to = c.accept('...') ? caseValue(c) : null;
      c.expect(':');
      return { k: 'case', from, to, a, b: c.previous };
    }
    case 'default':
      if (c.ahead(1).text !== ':') return null;
      c.next();
      c.next();
      return { k: 'default', a, b: a };
    case 'goto': {
      c.statements++;
      c.next();
      if (c.accept('*')) {
        expression(c);
        if (!loose || c.is(';')) endStatement(c);
        return { k: 'jump', labels: null, a, b: c.previous };
      }
      const name = c.name().text;
      if (!loose || c.is(';')) endStatement(c);
      return { k: 'goto', name, a, b: c.previous };
    }
    case 'break':
    case 'continue':
      c.statements++;
      c.next();
      if (!loose || c.is(';')) endStatement(c);
      return { k: a.text, a, b: c.previous };
    case 'return': {
      c.statements++;
      c.next();
      const value =
        c.is(';') || c.is('}') || c.is(',')
          ? null
          : c.is('{')
            ? initialiser(c)
            : loose
              ? assignment(c)
              : expression(c);
      if (!loose || c.is(';')) endStatement(c);
      return { k: 'return', value, a, b: c.previous };
    }
    case 'asm':
    case '__asm__':
    case '__asm':
      return assembly(c, a);
    case 'fallthrough':
    case '__fallthrough':
      if (c.ahead(1).text !== ';') return null;
      c.at += 2;
      return { k: 'empty', a, b: c.previous };
    case '__label__':
      while (!c.done && !c.accept(';')) c.next();
      return { k: 'empty', a, b: c.previous };
    default:
      return null;
  }
}

function caseValue(c: Cursor): Ast {
  // A conditional's colon is not the label's: kernel code has no bare `?:` here.
  return assignment(c);
}

/** `( … )` of an if, while or switch. */
function condition(c: Cursor): Ast {
  const close = c.is('(') ? c.afterGroup(c.at) : -1;
  c.expect('(');
  const start = c.at;
  try {
    const test = expression(c);
    if (c.at === close - 1) {
      c.next();
      return test;
    }
  } catch (error) {
    if (error !== SYNTAX) throw error;
  }
  if (close < 0) throw SYNTAX;
  // The test is damaged, its statement is not.
  const a = c.tokens[start]!;
  c.at = close;
  c.opaque++;
  return { k: 'opaque', kids: [], a, b: c.previous };
}

/** The statement under an if or a loop, labels before it included. */
export function body(c: Cursor): Stmt {
  // Text that was cut off after the head.
  if (c.done || c.is('}')) return { k: 'empty', a: c.previous, b: c.previous };
  const first = statement(c);
  if (first.k !== 'label' && first.k !== 'case' && first.k !== 'default') return first;
  const items: Stmt[] = [first];
  while (!c.done && !c.is('}')) {
    const last = items[items.length - 1]!;
    if (last.k !== 'label' && last.k !== 'case' && last.k !== 'default') break;
    items.push(statement(c));
  }
  return { k: 'block', items, a: first.a, b: c.previous };
}

function forLoop(c: Cursor, a: Token): Stmt {
  c.statements++;
  c.next();
  c.expect('(');
  let init: Stmt | null = null;
  if (!c.accept(';')) {
    const first = c.token;
    if (first.kind === Id && declarationHere(c)) init = declaration(c, first, false);
    else {
      const e = expression(c);
      init = { k: 'expr', e, a: first, b: c.previous };
      c.expect(';');
    }
  }
  const test = c.is(';') ? null : expression(c);
  c.expect(';');
  const step = c.is(')') ? null : expression(c);
  c.expect(')');
  const inner = body(c);
  return { k: 'for', init, c: test, step, body: inner, a, b: c.previous };
}

function assembly(c: Cursor, a: Token): Stmt {
  c.statements++;
  c.opaque++;
  c.next();
  let isGoto = false;
  while (c.token.kind === Id) {
    if (c.text === 'goto') isGoto = true;
    c.next();
  }
  const open = c.at;
  if (!c.is('(')) throw SYNTAX;
  c.at = c.afterGroup(c.at);
  const close = c.at - 1;
  c.accept(';');
  if (!isGoto) return { k: 'opaque', a, b: c.previous };
  const labels: string[] = [];
  for (let i = close - 1; i > open && c.tokens[i]!.text !== ':'; i--) {
    if (c.tokens[i]!.kind === Id) labels.push(c.tokens[i]!.text);
  }
  return { k: 'jump', labels, a, b: c.previous };
}

/** A statement's semicolon; one that is missing before a line's end or a brace is forgiven. */
export function endStatement(c: Cursor): void {
  if (c.accept(';')) return;
  if (c.is('}') || c.done || c.token.fresh) return;
  throw SYNTAX;
}

function expressionStatement(c: Cursor, a: Token, loose: boolean): Stmt {
  c.statements++;
  const e = expression(c);
  if (!loose || c.is(';')) endStatement(c);
  return { k: 'expr', e, a, b: c.previous };
}

const NOT_AFTER_TYPE = new Set([
  'if',
  'else',
  'return',
  'while',
  'for',
  'do',
  'goto',
  'case',
  'switch',
  'sizeof',
]);

/** Does a declaration begin here? */
export function declarationHere(c: Cursor): boolean {
  const word = c.text;
  const next = c.ahead(1);
  if (isTypeKeyword(word)) return !(word === 'extern' && next.kind === Str);
  if (c.locals.has(word) && next.kind !== Id) return false;
  if (next.kind === Id) {
    // `foo bar;`, `foo bar = …`, `foo bar[…]`, `foo bar, …`, `u32 (*f)(…)` is below.
    if (next.fresh && !isTypeName(c, word)) return false;
    if (isTypeKeyword(next.text)) return !NOT_AFTER_TYPE.has(next.text);
    return /^[;=,[:]$/.test(c.ahead(2).text) || c.ahead(2).kind === Id || isTypeName(c, word);
  }
  if (next.text === '*') {
    let i = 2;
    while (c.ahead(i).text === '*' || c.ahead(i).text === 'const') i++;
    if (c.ahead(i).kind !== Id)
      return isTypeName(c, word) && c.ahead(i).text === '(' && c.ahead(i + 1).text === '*';
    if (isTypeName(c, word)) return true;
    return (
      /^[;=,[]$/.test(c.ahead(i + 1).text) || (c.ahead(i + 1).kind === Id && c.ahead(i + 1).text === '__free')
    );
  }
  return next.text === '(' && isTypeName(c, word) && c.ahead(2).text === '*';
}

function declaration(c: Cursor, a: Token, loose: boolean): Stmt {
  const spec = specifiers(c);
  const items: Declared[] = [];
  if (spec.isTypedef || spec.isExtern) {
    while (!c.done && !c.accept(';')) {
      if (c.is('(') || c.is('{') || c.is('[')) c.at = c.afterGroup(c.at);
      else c.next();
    }
    return { k: 'empty', a, b: c.previous };
  }
  if (c.accept(';')) return { k: 'empty', a, b: c.previous };
  if (c.token.kind === Id && c.ahead(1).text === '(' && DECLARING_PATTERN.test(c.text)) {
    const macro = macroStatement(c, c.token, loose);
    // A static variable is not made anew by each call.
    if (macro)
      return macro.k === 'group' && spec.isStatic ? { ...macro, items: macro.items.slice(0, 1) } : macro;
  }
  for (;;) {
    const first = c.token;
    const { name, type, params } = declarator(c, spec.type, false);
    let free = '';
    for (;;) {
      if (c.is('__free') || c.is('__cleanup') || c.is('__class_cleanup')) {
        c.next();
        if (!c.is('(')) throw SYNTAX;
        if (c.ahead(1).kind === Id) free = c.ahead(1).text;
        c.at = c.afterGroup(c.at);
      } else if (c.is('asm') || c.is('__asm__')) {
        c.next();
        if (c.is('(')) c.at = c.afterGroup(c.at);
      } else if (c.is(':')) {
        c.next();
        assignment(c);
      } else if (c.token.kind === Id && /^__/.test(c.text) && !isTypeKeyword(c.text)) {
        // An attribute that the table does not name.
        c.next();
        if (c.is('(')) c.at = c.afterGroup(c.at);
      } else break;
    }
    let init: Ast | null = null;
    if (c.accept('=')) init = c.is('{') ? initialiser(c) : assignment(c);
    if (!params) {
      c.locals.add(name);
      c.statements++;
      items.push({
        name,
        type,
        init,
        free,
        isStatic: spec.isStatic,
        a: items.length ? first : a,
        b: c.previous,
      });
    } else if (c.is('{')) {
      // A nested function, or one that was swallowed by damaged text.
      throw SYNTAX;
    }
    if (!c.accept(',')) break;
  }
  if (!loose || c.is(';')) endStatement(c);
  return { k: 'decl', items, a, b: c.previous };
}
