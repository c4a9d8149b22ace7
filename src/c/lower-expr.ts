/**
 * Expressions to instructions: every call, assignment and test becomes a node, in C's order of evaluation,
 * and what is left is a pure expression. `value` is for results, `condition` for tests, `effect` for neither.
 */
import type { Ast, AstOf } from './ast.ts';
import type { End, Span } from './builder.ts';
import { calculate, isEnabled } from './config.ts';
import { ERRNO } from './errno.ts';
import type { Expr } from './ir.ts';
import { TRANSPARENT, WARNING_CONDITION, WARNINGS } from './kernel-macros.ts';
import { calleeName, type Lowering } from './lower.ts';
import { call } from './lower-call.ts';
import { closeScope } from './lower-cleanup.ts';
import { lowerStatement } from './lower-stmt.ts';

const NULL: Expr = { k: 'num', value: 0 };
const ONE: Expr = { k: 'num', value: 1 };

/** The value of `e`; its side effects are emitted. */
export function value(l: Lowering, e: Ast): Expr {
  switch (e.k) {
    case 'id':
      return name(l, e.name);
    case 'num':
      return { k: 'num', value: e.value };
    case 'str':
      return { k: 'str', text: e.text };
    case 'member':
      return field(l, e);
    case 'index': {
      const of = value(l, e.of);
      return { k: 'index', of, index: value(l, e.index) };
    }
    case 'call':
      return call(l, e, null, true) ?? NULL;
    case 'unary':
      return unary(l, e);
    case 'step':
      return step(l, e, true);
    case 'binary':
      return binary(l, e);
    case 'assign':
      return assign(l, e);
    case 'cond': {
      const known = constantOf(l, e.c);
      if (known !== null && e.x) return value(l, known ? e.x : e.y);
      return viaTemp(l, e);
    }
    case 'comma':
      effect(l, e.x);
      return value(l, e.y);
    case 'cast': {
      const of = value(l, e.of);
      return { k: 'cast', type: e.type, of };
    }
    case 'block':
      return block(l, e, null) ?? { k: 'opaque', text: '', reads: [] };
    case 'init':
      return { k: 'opaque', text: text(l, e), reads: e.items.map((i) => value(l, i.value)) };
    case 'type':
      return { k: 'opaque', text: e.type, reads: [] };
    case 'opaque':
      return { k: 'opaque', text: text(l, e), reads: e.kids.map((kid) => value(l, kid)) };
  }
}

function text(l: Lowering, span: Span): string {
  return l.b.source.slice(Math.min(span.a.pos, span.b.pos), span.b.end);
}

function name(l: Lowering, id: string): Expr {
  const local = l.resolve(id);
  if (local !== null) return { k: 'var', name: local };
  if (id === 'NULL' || id === 'false') return NULL;
  if (id === 'true') return ONE;
  const known = ERRNO.get(id) ?? l.around.constant(id);
  return known === null ? { k: 'var', name: id } : { k: 'num', value: known };
}

function field(l: Lowering, e: AstOf<'member'>): Expr {
  const of = value(l, e.of);
  if (!e.arrow && of.k === 'deref') return { k: 'field', of: of.of, name: e.name, arrow: true };
  if (e.arrow && of.k === 'addr') return { k: 'field', of: of.of, name: e.name, arrow: false };
  return { k: 'field', of, name: e.name, arrow: e.arrow };
}

function unary(l: Lowering, e: AstOf<'unary'>): Expr {
  if (e.op === '!' && hasControl(e.of)) return viaTemp(l, e);
  const of = value(l, e.of);
  if (e.op === '*') return of.k === 'addr' ? of.of : { k: 'deref', of };
  if (e.op === '&') return of.k === 'deref' ? of.of : { k: 'addr', of };
  if (of.k === 'num') {
    if (e.op === '-') return { k: 'num', value: -of.value };
    if (e.op === '!') return of.value === 0 ? ONE : NULL;
    return { k: 'num', value: -of.value - 1 };
  }
  return { k: 'unary', op: e.op, of };
}

/** Does the operand decide by branches, so that its truth comes out of a condition? */
export function hasControl(e: Ast): boolean {
  if (e.k === 'binary') return e.op === '&&' || e.op === '||';
  if (e.k === 'unary') return e.op === '!' && hasControl(e.of);
  return e.k === 'call' && TRANSPARENT.has(calleeName(e)) && e.args.length > 0 && hasControl(e.args[0]!);
}

function binary(l: Lowering, e: AstOf<'binary'>): Expr {
  if (e.op === '&&' || e.op === '||') return viaTemp(l, e);
  const a = value(l, e.x);
  const b = value(l, e.y);
  if (a.k === 'num' && b.k === 'num') {
    const result = calculate(e.op, a.value, b.value);
    if (Number.isSafeInteger(result)) return { k: 'num', value: result };
  }
  return { k: 'binary', op: e.op, a, b };
}

export function viaTemp(l: Lowering, e: Ast): Expr {
  const known = constantOf(l, e);
  if (known !== null) return { k: 'num', value: known };
  const dst = l.temp();
  assignInto(l, dst, e, e);
  return dst;
}

/** `dst = e`, choosing between instructions: a call with a destination, arms of a conditional, a plain set. */
export function assignInto(l: Lowering, dst: Expr, e: Ast, span: Span): void {
  switch (e.k) {
    case 'call': {
      const result = call(l, e, dst, true, span);
      if (result && result !== dst) l.b.emit({ k: 'set', dst, value: result }, span);
      return;
    }
    case 'cond': {
      if (!e.x) {
        // `c ?: y`: the test's value is the result.
        const kept = l.temp();
        assignInto(l, kept, e.c, e.c);
        const branch = l.b.emit({ k: 'branch', cond: kept }, e.c);
        if (!l.b.live) return;
        const yes = l.from([{ node: branch, slot: 0 }], () => l.b.emit({ k: 'set', dst, value: kept }, span));
        const no = l.from([{ node: branch, slot: 1 }], () => assignInto(l, dst, e.y, span));
        l.b.ends = [...yes, ...no];
        return;
      }
      const test = condition(l, e.c);
      const yes = l.from(test.yes, () => arm(l, dst, e.x!, span));
      const no = l.from(test.no, () => arm(l, dst, e.y, span));
      l.b.ends = [...yes, ...no];
      return;
    }
    case 'binary':
    case 'unary':
      if (hasControl(e)) {
        const test = condition(l, e);
        const yes = l.from(test.yes, () => arm(l, dst, null, span, ONE));
        const no = l.from(test.no, () => arm(l, dst, null, span, NULL));
        l.b.ends = [...yes, ...no];
        return;
      }
      break;
    case 'block': {
      const result = block(l, e, dst);
      if (result && result !== dst) l.b.emit({ k: 'set', dst, value: result }, span);
      return;
    }
    case 'comma':
      effect(l, e.x);
      assignInto(l, dst, e.y, span);
      return;
    case 'init':
      initialise(l, dst, e, span);
      return;
    case 'cast':
      if (e.of.k === 'init') {
        initialise(l, dst, e.of, span);
        return;
      }
      break;
  }
  const result = value(l, e);
  l.b.emit({ k: 'set', dst, value: result }, span);
}

function arm(l: Lowering, dst: Expr, e: Ast | null, span: Span, constant?: Expr): void {
  if (!l.b.live) return;
  if (constant) l.b.emit({ k: 'set', dst, value: constant }, span);
  else if (e) assignInto(l, dst, e, e);
}

/** An aggregate: first the whole, then the members that are named. */
function initialise(l: Lowering, dst: Expr, e: AstOf<'init'>, span: Span): void {
  const reads: Expr[] = [];
  const members: { member: string; value: Ast }[] = [];
  for (const item of e.items) {
    if (item.member) members.push(item);
    else reads.push(value(l, item.value));
  }
  l.b.emit({ k: 'set', dst, value: { k: 'opaque', text: text(l, e), reads } }, span);
  for (const { member, value: given } of members) {
    const target = member
      .split('.')
      .reduce<Expr>((of, part) => ({ k: 'field', of, name: part, arrow: false }), dst);
    assignInto(l, target, given, given);
  }
}

/** An assignment; its value is what was assigned to. */
function assign(l: Lowering, e: AstOf<'assign'>): Expr {
  const dst = value(l, e.x);
  if (e.op === '') assignInto(l, dst, e.y, e);
  else {
    const by = value(l, e.y);
    l.b.emit({ k: 'set', dst, value: { k: 'binary', op: e.op, a: dst, b: by } }, e);
  }
  return dst;
}

function step(l: Lowering, e: AstOf<'step'>, used: boolean): Expr {
  const dst = value(l, e.of);
  let before: Expr = dst;
  if (e.post && used) {
    before = l.temp();
    l.b.emit({ k: 'set', dst: before, value: dst }, e);
  }
  l.b.emit({ k: 'set', dst, value: { k: 'binary', op: e.op, a: dst, b: ONE } }, e);
  return before;
}

/** Evaluates for side effects; a pure expression that reads memory is kept as a read. */
export function effect(l: Lowering, e: Ast, span: Span = e): void {
  switch (e.k) {
    case 'call':
      call(l, e, null, false, span);
      return;
    case 'assign':
      assign(l, e);
      return;
    case 'step':
      step(l, e, false);
      return;
    case 'comma':
      effect(l, e.x);
      effect(l, e.y);
      return;
    case 'cast':
      effect(l, e.of);
      return;
    case 'block':
      lowerStatement(l, e.body);
      return;
    case 'cond': {
      const test = condition(l, e.c);
      const yes = l.from(test.yes, () => e.x && effect(l, e.x));
      const no = l.from(test.no, () => effect(l, e.y));
      l.b.ends = [...yes, ...no];
      return;
    }
    case 'binary':
      if (e.op === '&&' || e.op === '||') {
        const test = condition(l, e.x);
        const goes = e.op === '&&' ? test.yes : test.no;
        const stays = e.op === '&&' ? test.no : test.yes;
        l.b.ends = [...l.from(goes, () => effect(l, e.y)), ...stays];
        return;
      }
  }
  const result = value(l, e);
  if (reads(result)) l.b.emit({ k: 'set', dst: l.temp(), value: result }, span);
}

function reads(e: Expr): boolean {
  switch (e.k) {
    case 'field':
    case 'deref':
    case 'index':
      return true;
    case 'unary':
    case 'cast':
      return reads(e.of);
    case 'binary':
      return reads(e.a) || reads(e.b);
    case 'opaque':
      return e.reads.some(reads);
    default:
      return false;
  }
}

/** A statement expression; its last expression goes to `dst` or is returned. */
function block(l: Lowering, e: AstOf<'block'>, into: Expr | null): Expr | null {
  const body = e.body;
  const last = body.k === 'block' ? body.items[body.items.length - 1] : undefined;
  if (body.k !== 'block' || last?.k !== 'expr') {
    lowerStatement(l, body);
    return null;
  }
  const dst = into ?? l.temp();
  l.scopes.push({ names: new Map(), cleanups: [], block: body });
  for (const s of body.items) {
    if (s === last) assignInto(l, dst, last.e, last.e);
    else lowerStatement(l, s);
  }
  closeScope(l);
  return dst;
}

/** The open ends on which a test holds and on which it does not. */
export function condition(l: Lowering, e: Ast): { yes: End[]; no: End[] } {
  if (!l.b.live) return { yes: [], no: [] };
  const known = constantOf(l, e);
  if (known !== null) return known ? { yes: l.b.ends, no: [] } : { yes: [], no: l.b.ends };
  if (e.k === 'unary' && e.op === '!') {
    const { yes, no } = condition(l, e.of);
    return { yes: no, no: yes };
  }
  if (e.k === 'binary' && (e.op === '&&' || e.op === '||')) {
    const first = condition(l, e.x);
    l.b.ends = e.op === '&&' ? first.yes : first.no;
    const second = condition(l, e.y);
    return e.op === '&&'
      ? { yes: second.yes, no: [...first.no, ...second.no] }
      : { yes: [...first.yes, ...second.yes], no: second.no };
  }
  if (e.k === 'comma') {
    effect(l, e.x);
    return condition(l, e.y);
  }
  if (e.k === 'cond' && e.x) {
    const test = condition(l, e.c);
    l.b.ends = test.yes;
    const yes = condition(l, e.x);
    l.b.ends = test.no;
    const no = condition(l, e.y);
    return { yes: [...yes.yes, ...no.yes], no: [...yes.no, ...no.no] };
  }
  if (e.k === 'call') {
    const callee = calleeName(e);
    if (callee && l.resolve(callee) === null) {
      if (TRANSPARENT.has(callee) && e.args[0]) return condition(l, e.args[0]);
      const test = WARNINGS.has(callee) ? e.args[WARNING_CONDITION.get(callee) ?? 0] : undefined;
      if (test) return condition(l, test);
    }
  }
  const cond = value(l, e);
  if (!l.b.live) return { yes: [], no: [] };
  if (cond.k === 'num') return cond.value ? { yes: l.b.ends, no: [] } : { yes: [], no: l.b.ends };
  const node = l.b.emit({ k: 'branch', cond }, e);
  return { yes: [{ node, slot: 0 }], no: [{ node, slot: 1 }] };
}

/** The value of a test that is known when it is compiled, null for all others. */
export function constantOf(l: Lowering, e: Ast): number | null {
  switch (e.k) {
    case 'num':
      return e.value;
    case 'id':
      if (e.name === 'true') return l.resolve('true') === null ? 1 : null;
      return e.name === 'false' || e.name === 'NULL' ? 0 : null;
    case 'unary': {
      if (e.op !== '!') return null;
      const of = constantOf(l, e.of);
      return of === null ? null : of ? 0 : 1;
    }
    case 'binary': {
      if (e.op !== '&&' && e.op !== '||') return null;
      const x = constantOf(l, e.x);
      if (x === null) return null;
      if (e.op === '&&' ? !x : x) return x ? 1 : 0;
      const y = constantOf(l, e.y);
      return y === null ? null : y ? 1 : 0;
    }
    case 'call': {
      const callee = calleeName(e);
      const first = e.args[0];
      if (/^IS_(?:ENABLED|BUILTIN|MODULE|REACHABLE)$/.test(callee) && first?.k === 'id')
        return isEnabled(callee, first.name, l.around.config) ? 1 : 0;
      return TRANSPARENT.has(callee) && first ? constantOf(l, first) : null;
    }
    default:
      return null;
  }
}
