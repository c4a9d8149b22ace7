/**
 * Expressions: tokens to syntax trees, with C's priorities. Macro arguments may be types, operators or
 * statements; one that cannot be read becomes opaque by itself, so that the call around it is kept.
 */
import type { Ast } from './ast.ts';
import { parseInteger } from './config.ts';
import { type Cursor, MAX_CHAIN, SYNTAX } from './cursor.ts';
import { Char, Eof, Id, Num, Punct, Str, type Token } from './lex.ts';
import { statement } from './parse-stmt.ts';
import { isTypeKeyword, isTypeName, typeName } from './parse-type.ts';

const PRIORITY: ReadonlyMap<string, number> = new Map([
  ['*', 10],
  ['/', 10],
  ['%', 10],
  ['+', 9],
  ['-', 9],
  ['<<', 8],
  ['>>', 8],
  ['<', 7],
  ['>', 7],
  ['<=', 7],
  ['>=', 7],
  ['==', 6],
  ['!=', 6],
  ['&', 5],
  ['^', 4],
  ['|', 3],
  ['&&', 2],
  ['||', 1],
]);
const ASSIGN = new Set(['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '>>=']);
const STATEMENT_WORD = new Set(['if', 'do', 'while', 'for', 'return', 'goto', 'switch', 'break', 'continue']);
const OPERATOR_WORDS = new Set(['sizeof', '_Alignof', '__alignof__', '__alignof', 'alignof', '_Countof']);
/** What can begin an operand: after `(name)` it makes the parentheses a cast. */
const KEYWORDS = new Set([...STATEMENT_WORD, 'else', 'case', 'default', 'asm', '__asm__']);

/** A full expression, commas included. */
export function expression(c: Cursor): Ast {
  let left = assignment(c);
  for (let links = 0; c.is(','); links++) {
    if (links > MAX_CHAIN) throw SYNTAX;
    c.next();
    const right = assignment(c);
    left = { k: 'comma', x: left, y: right, a: left.a, b: right.b };
  }
  return left;
}

/** An expression without top-level commas. */
export function assignment(c: Cursor): Ast {
  return c.nested(() => {
    const left = conditional(c);
    const op = c.text;
    if (c.token.kind !== Punct || !ASSIGN.has(op)) return left;
    c.next();
    const right: Ast = c.is('{') ? initialiser(c) : assignment(c);
    return { k: 'assign', op: op.slice(0, -1), x: left, y: right, a: left.a, b: right.b };
  });
}

function conditional(c: Cursor): Ast {
  const test = binary(c, 0);
  if (!c.is('?')) return test;
  c.next();
  const yes = c.is(':') ? null : expression(c);
  c.expect(':');
  const no = c.nested(() => conditional(c));
  return { k: 'cond', c: test, x: yes, y: no, a: test.a, b: no.b };
}

function binary(c: Cursor, least: number): Ast {
  let left = unary(c);
  for (let links = 0; ; links++) {
    if (links > MAX_CHAIN) throw SYNTAX;
    const token = c.token;
    if (token.kind !== Punct) return left;
    const priority = PRIORITY.get(token.text);
    if (priority === undefined || priority <= least) return left;
    c.next();
    const right = binary(c, priority);
    left = { k: 'binary', op: token.text, x: left, y: right, a: left.a, b: right.b };
  }
}

function unary(c: Cursor): Ast {
  return c.nested(() => operand(c));
}

function operand(c: Cursor): Ast {
  const token = c.token;
  if (token.kind === Punct) {
    switch (token.text) {
      case '*':
      case '&':
      case '-':
      case '~':
      case '!': {
        c.next();
        const of = unary(c);
        return { k: 'unary', op: token.text, of, a: token, b: of.b };
      }
      case '+':
        c.next();
        return unary(c);
      case '++':
      case '--': {
        c.next();
        const of = unary(c);
        return { k: 'step', op: token.text === '++' ? '+' : '-', post: false, of, a: token, b: of.b };
      }
      case '&&': {
        c.next();
        const label = c.name();
        return { k: 'opaque', kids: [], a: token, b: label };
      }
      case '(':
        if (castHere(c)) return cast(c);
    }
  } else if (token.kind === Id) {
    if (OPERATOR_WORDS.has(token.text)) return sizeOf(c);
    if (token.text === '__extension__') {
      c.next();
      return unary(c);
    }
  }
  return postfix(c, primary(c));
}

function sizeOf(c: Cursor): Ast {
  const token = c.next();
  if (c.is('(')) {
    c.at = c.afterGroup(c.at);
    // A compound literal or a member of what is in the parentheses: still only a size.
    while (c.is('.') || c.is('->') || c.is('[')) {
      if (c.is('[')) c.at = c.afterGroup(c.at);
      else c.at += 2;
    }
  } else unary(c);
  return { k: 'opaque', kids: [], a: token, b: c.previous };
}

/** Do the parentheses here hold a type, so that this is a cast or a compound literal? */
function castHere(c: Cursor): boolean {
  const first = c.ahead(1);
  if (first.kind !== Id) return false;
  if (isTypeKeyword(first.text)) return true;
  const second = c.ahead(2);
  const known = isTypeName(c, first.text);
  if (second.text === ')') {
    const third = c.ahead(3);
    if (third.kind === Num || third.kind === Str || third.kind === Char) return true;
    if (third.kind === Id) return !KEYWORDS.has(third.text);
    if (third.text === '{') return known || c.ahead(4).text === '.' || c.ahead(4).text === '{';
    if (third.text === '~' || third.text === '!') return true;
    return known && /^[(*&\-~!+]|^--$|^\+\+$|^&&$/.test(third.text);
  }
  if (second.text !== '*' && !(known && second.kind === Id)) return false;
  // `(name *)`, `(name **)`, `(name const *)`.
  let i = c.at + 2;
  while (c.tokens[i]!.text === '*' || c.tokens[i]!.text === 'const' || c.tokens[i]!.text === 'volatile') i++;
  if (c.tokens[i]!.text === ')') return true;
  return known && c.tokens[i]!.text === '(' && c.tokens[i + 1]!.text === '*';
}

function cast(c: Cursor): Ast {
  const open = c.next();
  const type = typeName(c);
  c.expect(')');
  if (c.is('{')) {
    const of = initialiser(c);
    return postfix(c, { k: 'cast', type, of, a: open, b: of.b });
  }
  const of = unary(c);
  return { k: 'cast', type, of, a: open, b: of.b };
}

function primary(c: Cursor): Ast {
  const token = c.token;
  switch (token.kind) {
    case Id: {
      if (KEYWORDS.has(token.text)) throw SYNTAX;
      if (token.text === '_Generic') return generic(c);
      if (isTypeKeyword(token.text)) throw SYNTAX;
      c.next();
      if (c.token.kind === Str) return string(c, token);
      return { k: 'id', name: token.text, a: token, b: token };
    }
    case Num: {
      c.next();
      return { k: 'num', value: number(token.text), a: token, b: token };
    }
    case Char:
      c.next();
      return { k: 'num', value: character(token.text), a: token, b: token };
    case Str:
      return string(c, token);
    case Punct:
      if (token.text !== '(') throw SYNTAX;
      return parenthesised(c);
    default:
      throw SYNTAX;
  }
}

function number(text: string): number {
  if (/^(?:0x[\da-f]+|\d+)[ul]*$/i.test(text)) return parseInteger(text);
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : 0;
}

function character(text: string): number {
  const body = text.slice(1, -1);
  if (body[0] !== '\\') return body.charCodeAt(0) || 0;
  if (/^\\[0-7]/.test(body)) return Number.parseInt(body.slice(1), 8);
  if (/^\\x/.test(body)) return Number.parseInt(body.slice(2), 16) || 0;
  const known: Record<string, number> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11, e: 27 };
  return known[body[1] ?? ''] ?? (body.charCodeAt(1) || 0);
}

/** String literals side by side, names of string macros among them. */
function string(c: Cursor, first: Token): Ast {
  let text = '';
  while (
    c.token.kind === Str ||
    (c.token.kind === Id && c.token !== first && !KEYWORDS.has(c.text) && c.previous.kind === Str)
  ) {
    if (c.token.kind === Str) text += c.text.slice(1, -1);
    else if (c.ahead(1).text === '(') {
      c.next();
      c.at = c.afterGroup(c.at) - 1;
    }
    c.next();
  }
  return { k: 'str', text, a: first, b: c.previous };
}

function generic(c: Cursor): Ast {
  const token = c.next();
  if (!c.is('(')) throw SYNTAX;
  const end = c.afterGroup(c.at);
  c.next();
  const kids: Ast[] = [];
  try {
    kids.push(assignment(c));
  } catch (error) {
    if (error !== SYNTAX) throw error;
  }
  c.at = end;
  return { k: 'opaque', kids, a: token, b: c.previous };
}

function parenthesised(c: Cursor): Ast {
  const open = c.next();
  if (c.is('{')) {
    const body = statement(c);
    const close = c.expect(')');
    return { k: 'block', body, a: open, b: close };
  }
  const inner = expression(c);
  const close = c.expect(')');
  return { ...inner, a: open, b: close };
}

function postfix(c: Cursor, start: Ast): Ast {
  let left = start;
  for (let links = 0; ; links++) {
    if (links > MAX_CHAIN) throw SYNTAX;
    const token = c.token;
    if (token.kind !== Punct) return left;
    switch (token.text) {
      case '(':
        left = call(c, left);
        break;
      case '[': {
        c.next();
        const index = expression(c);
        // GNU range in a designator-like index.
        if (c.accept('...')) expression(c);
        const close = c.expect(']');
        left = { k: 'index', of: left, index, a: left.a, b: close };
        break;
      }
      case '.':
      case '->': {
        c.next();
        const name = c.name();
        left = { k: 'member', of: left, name: name.text, arrow: token.text === '->', a: left.a, b: name };
        break;
      }
      case '++':
      case '--':
        c.next();
        left = { k: 'step', op: token.text === '++' ? '+' : '-', post: true, of: left, a: left.a, b: token };
        break;
      default:
        return left;
    }
  }
}

/** A call at its opening parenthesis. */
export function call(c: Cursor, fn: Ast): Ast {
  const end = c.afterGroup(c.at);
  c.next();
  const args: Ast[] = [];
  if (!c.is(')')) {
    for (;;) {
      args.push(argument(c, end - 1));
      if (!c.accept(',')) break;
    }
  }
  const close = c.expect(')');
  return { k: 'call', fn, args, a: fn.a, b: close };
}

/** One argument of a call or macro; `close` is the index of the closing parenthesis. */
export function argument(c: Cursor, close: number): Ast {
  const start = c.at;
  const first = c.token;
  try {
    if (first.text === '{' || (first.kind === Id && STATEMENT_WORD.has(first.text))) {
      const body = statement(c, true);
      if (c.is(',') || c.at === close) return { k: 'block', body, a: first, b: c.previous };
    } else if (typeHere(c)) {
      const type = typeName(c);
      if (c.is(',') || c.at === close) return { k: 'type', type, a: first, b: c.previous };
    } else if (first.text === ',' || first.text === ')') {
      return { k: 'opaque', kids: [], a: first, b: first };
    }
    c.at = start;
    const value = assignment(c);
    if (c.is(',') || c.at === close) return value;
  } catch (error) {
    if (error !== SYNTAX) throw error;
  }
  c.at = start;
  while (c.at < close && !c.is(',') && c.token.kind !== Eof) {
    if (c.is('(') || c.is('[') || c.is('{')) c.at = c.afterGroup(c.at);
    else c.next();
  }
  return { k: 'opaque', kids: [], a: first, b: c.previous };
}

function typeHere(c: Cursor): boolean {
  if (c.token.kind !== Id) return false;
  const word = c.text;
  if (isTypeKeyword(word)) return true;
  const next = c.ahead(1).text;
  if (isTypeName(c, word))
    return next === ',' || next === ')' || next === '*' || (next === '(' && c.ahead(2).text === '*');
  return next === '*' && (c.ahead(2).text === ')' || c.ahead(2).text === ',');
}

/** `{ … }`: an initialiser list. */
export function initialiser(c: Cursor): Ast {
  return c.nested(() => {
    const open = c.expect('{');
    const items: { member: string; value: Ast }[] = [];
    while (!c.is('}') && !c.done) {
      let member = '';
      // Designators: .a.b, [1], [1 ... 3], a: (old GNU style).
      if (c.token.kind === Id && c.ahead(1).text === ':') {
        member = c.next().text;
        c.next();
      } else {
        while (c.is('.') || c.is('[')) {
          if (c.is('[')) c.at = c.afterGroup(c.at);
          else {
            c.next();
            member = member ? `${member}.${c.name().text}` : c.name().text;
          }
        }
        c.accept('=');
      }
      const value: Ast = c.is('{') ? initialiser(c) : assignment(c);
      items.push({ member, value });
      // Initialiser macros that bring their own comma.
      if (!c.accept(',') && !c.is('}') && c.token.kind !== Id && !c.is('.') && !c.is('[')) throw SYNTAX;
    }
    const close = c.expect('}');
    return { k: 'init', items, a: open, b: close };
  });
}
