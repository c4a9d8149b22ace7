/**
 * Initialised globals: which name each member is set to. `{ .open = box_open }` gives open → box_open; in an
 * array of structs, `[A] = { .open = f }` and `[B] = { .open = g }` give open → f, then other names are kept
 * under `open#2` and so on. Values that are no plain names are left out.
 */
import type { Ast } from './ast.ts';
import { SYNTAX } from './cursor.ts';
import { initialiser } from './parse-expr.ts';
import type { Item } from './scan.ts';
import type { Unit } from './unit.ts';

/** The members of a variable's initialiser that are names; empty when it has none. */
export function parseTable(unit: Unit, item: Item): Map<string, string> {
  const members = new Map<string, string>();
  const text = unit.source.text.slice(item.start, item.end);
  if (!/=\s*\{/.test(text)) return members;
  const c = unit.cursor(item.start, item.end, false);
  while (!c.done && !(c.is('=') && c.ahead(1).text === '{')) c.next();
  if (c.done) return members;
  c.next();
  try {
    collect(initialiser(c), '', members);
  } catch (error) {
    if (error !== SYNTAX) throw error;
  }
  return members;
}

function collect(e: Ast, prefix: string, out: Map<string, string>): void {
  if (e.k !== 'init') return;
  for (const { member, value } of e.items) {
    const path = member && prefix ? `${prefix}.${member}` : member || prefix;
    if (value.k === 'init') collect(value, path, out);
    else if (path) {
      const named =
        value.k === 'unary' && value.op === '&' ? value.of : value.k === 'cast' ? value.of : value;
      if (named.k !== 'id') continue;
      let key = path;
      for (let n = 2; out.has(key) && out.get(key) !== named.name; n++) key = `${path}#${n}`;
      out.set(key, named.name);
    }
  }
}
