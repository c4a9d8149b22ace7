/**
 * Bodies of structs, unions and enums: fields with their types (those of anonymous members belong to the
 * outer struct), enumerators with their values. Bit widths, offsets and layout are not worked out.
 */
import { type Cursor, SYNTAX } from './cursor.ts';
import type { Field, StructDecl } from './ir.ts';
import { Id } from './lex.ts';
import { declarator, isTypeKeyword, joinTokens, specifiers } from './parse-type.ts';
import type { Item } from './scan.ts';
import { constantValue, type Unit } from './unit.ts';

/** Parses one aggregate into `out`, nested ones with a tag or a name of their own too. */
export function parseStruct(unit: Unit, item: Item, out: Map<string, StructDecl>): void {
  const c = unit.cursor(item.body, item.end, false);
  const name = /\s/.test(item.name) ? item.name : `${item.name} <${item.body}>`;
  const struct: StructDecl = { name, file: unit.path, line: unit.source.lineAt(item.start), fields: [] };
  out.set(name, struct);
  c.next();
  const union = name.startsWith('union') ? name : '';
  members({ unit, c, out, tag: name.replace(/^\w+ /, '') }, struct.fields, union);
}

/** A struct's body being read; `tag` is the path of names to it: `mempolicy`, then `mempolicy.w`. */
interface Reading {
  unit: Unit;
  c: Cursor;
  out: Map<string, StructDecl>;
  tag: string;
}

/** Members up to the closing brace. `union` names the union they lie in. */
function members(s: Reading, fields: Field[], union: string): void {
  s.c.nested(() => membersUntilBrace(s, fields, union));
}

function membersUntilBrace(s: Reading, fields: Field[], union: string): void {
  const { c } = s;
  while (!c.done && !c.is('}')) {
    const start = c.at;
    try {
      member(s, fields, union);
    } catch (error) {
      if (error !== SYNTAX) throw error;
      c.at = Math.max(c.at, start);
      while (!c.done && !c.is('}') && !c.accept(';')) {
        if (c.is('{') || c.is('(')) c.at = c.afterGroup(c.at);
        else c.next();
      }
    }
    if (c.at === start) c.next();
  }
  c.accept('}');
}

function member(s: Reading, fields: Field[], union: string): void {
  const { unit, c, out } = s;
  if (c.accept(';')) return;
  const line = unit.source.lineAt(c.token.pos);
  if (c.token.kind === Id && c.ahead(1).text === '(' && !isTypeKeyword(c.text)) {
    macroMember(s, fields, union, line);
    return;
  }
  // Words without a semicolon: randomized_struct_fields_start and its like.
  if (
    c.token.kind === Id &&
    /^(?:randomized_struct_fields_(?:start|end)|__\w+_begin|__\w+_end)$/.test(c.text)
  ) {
    c.next();
    return;
  }
  while (c.is('const') || c.is('volatile')) c.next();
  let type: string | null = null;
  if ((c.is('struct') || c.is('union')) && (c.ahead(1).text === '{' || c.ahead(2).text === '{')) {
    const word = c.next().text;
    const tag = c.token.kind === Id ? c.next().text : '';
    // A member's name comes after the body it is needed for.
    const after = c.tokens[c.afterGroup(c.at)]!;
    const named = after.text === '*' ? c.tokens[c.afterGroup(c.at) + 1]! : after;
    const path = tag || (named.kind === Id ? `${s.tag}.${named.text}` : '');
    const name = path ? `${word} ${path}` : `${word} <${c.token.pos}>`;
    c.next();
    const inner: Field[] = [];
    members({ ...s, tag: path || s.tag }, inner, word === 'union' ? name : path ? '' : union);
    if (path) out.set(name, { name, file: unit.path, line, fields: inner });
    if (c.accept(';')) {
      fields.push(...inner);
      return;
    }
    type = name;
  }
  type ??= specifiers(c).type;
  for (;;) {
    if (c.is(':')) {
      while (!c.done && !c.is(',') && !c.is(';')) c.next();
    } else {
      const at = c.token;
      const { name, type: full, params } = declarator(c, type, false);
      if (params) throw SYNTAX;
      fields.push({ name, type: full, line: unit.source.lineAt(at.pos), union });
      while (!c.done && !c.is(',') && !c.is(';') && !c.is('}')) {
        if (c.is('(')) c.at = c.afterGroup(c.at);
        else c.next();
      }
    }
    if (!c.accept(',')) break;
  }
  c.accept(';');
}

/** `DECLARE_BITMAP(x, n);`, `DECLARE_FLEX_ARRAY(T, x);`, `struct_group(name, members);`. */
function macroMember(s: Reading, fields: Field[], union: string, line: number): void {
  const { c } = s;
  const macro = c.text;
  const end = c.afterGroup(c.at + 1) - 1;
  if (/^(?:__)?struct_group/.test(macro)) {
    let skip = macro === 'struct_group' ? 1 : macro === '__struct_group' ? 3 : 2;
    c.at += 2;
    while (c.at < end && skip > 0) if (c.next().text === ',') skip--;
    while (c.at < end) {
      const start = c.at;
      member(s, fields, union);
      if (c.at === start) break;
    }
  } else if (macro === 'DECLARE_BITMAP' && c.ahead(2).kind === Id) {
    fields.push({ name: c.ahead(2).text, type: 'unsigned long []', line, union });
  } else {
    // Type first, name last, as in DECLARE_FLEX_ARRAY(struct x, name) and its like.
    const comma = lastComma(c, end);
    if (comma > 0 && c.tokens[comma + 1]!.kind === Id && comma + 2 === end)
      fields.push({
        name: c.tokens[comma + 1]!.text,
        type: `${joinTokens(c, c.at + 2, comma)} []`,
        line,
        union,
      });
  }
  c.at = end + 1;
  while (!c.done && !c.is('}') && !c.accept(';')) c.next();
}

function lastComma(c: Cursor, end: number): number {
  for (let i = end - 1; i > c.at; i--) if (c.tokens[i]!.text === ',') return i;
  return -1;
}

/** Enumerators with the values that can be worked out. */
export function parseEnum(unit: Unit, item: Item, out: Map<string, number>): void {
  const c = unit.cursor(item.body, item.end, false);
  c.next();
  let next: number | null = 0;
  while (!c.done && !c.is('}')) {
    if (c.token.kind !== Id) {
      c.next();
      continue;
    }
    const name = c.next().text;
    if (c.is('(')) c.at = c.afterGroup(c.at);
    if (c.accept('=')) {
      const start = c.at;
      while (!c.done && !c.is(',') && !c.is('}')) {
        if (c.is('(')) c.at = c.afterGroup(c.at);
        else c.next();
      }
      next = constantValue(joinTokens(c, start, c.at), (n) => out.get(n) ?? unit.constant(n));
    }
    if (next !== null) out.set(name, next++);
    c.accept(',');
  }
}
