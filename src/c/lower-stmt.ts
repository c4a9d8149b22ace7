/**
 * Statements to control flow: branches, loops, switches, gotos, declarations. Loops stay loops; how often
 * they are followed is decided by those who walk the graph.
 */
import type { Ast, Stmt, StmtOf } from './ast.ts';
import type { Node } from './builder.ts';
import type { Expr } from './ir.ts';
import { ITERATORS } from './kernel-macros.ts';
import type { Lowering } from './lower.ts';
import { calleeName } from './lower.ts';
import {
  closeScope,
  hasCleanups,
  leaveForLabel,
  leaveTo,
  lowerClass,
  lowerGuard,
  registerFree,
} from './lower-cleanup.ts';
import { assignInto, condition, effect, value } from './lower-expr.ts';

/** Lowers one statement after the open ends. */
export function lowerStatement(l: Lowering, s: Stmt): void {
  switch (s.k) {
    case 'expr':
      expressionStatement(l, s);
      return;
    case 'decl':
      declare(l, s);
      return;
    case 'block':
      l.scopes.push({ names: new Map(), cleanups: [], block: s });
      for (const item of s.items) lowerStatement(l, item);
      closeScope(l);
      return;
    case 'group':
      for (const item of s.items) lowerStatement(l, item);
      return;
    case 'if': {
      const test = condition(l, s.c);
      const yes = l.from(test.yes, () => lowerStatement(l, s.yes));
      const no = s.no ? l.from(test.no, () => lowerStatement(l, s.no!)) : test.no;
      l.b.ends = [...yes, ...no];
      return;
    }
    case 'while':
      loop(l, s, null, s.c, null, s.body);
      return;
    case 'for':
      l.scopes.push({ names: new Map(), cleanups: [], block: s });
      loop(l, s, s.init, s.c, s.step, s.body);
      closeScope(l);
      return;
    case 'do':
      doLoop(l, s);
      return;
    case 'switch':
      switchStatement(l, s);
      return;
    case 'case':
    case 'default': {
      const node = l.cases.get(s);
      if (node) l.b.land(node);
      return;
    }
    case 'label':
      l.landed.add(s.name);
      l.b.land(l.label(s.name, s));
      return;
    case 'goto':
      goto(l, s);
      return;
    case 'jump':
      jump(l, s);
      return;
    case 'break':
    case 'continue': {
      const stack = s.k === 'break' ? l.breaks : l.continues;
      const target = stack[stack.length - 1];
      if (!target) {
        // Outside of any loop: a piece of a function. Nothing is known of where it goes.
        l.b.emit({ k: 'opaque', text: s.k }, s);
        l.b.ends = [];
        return;
      }
      leaveTo(l, target.depth);
      l.b.jump(target.node);
      return;
    }
    case 'return':
      returnStatement(l, s);
      return;
    case 'iterate':
      iterate(l, s);
      return;
    case 'guard':
      lowerGuard(l, s);
      return;
    case 'maybe': {
      const test = value(l, s.call);
      const node = l.b.emit({ k: 'branch', cond: test }, s.call);
      if (!l.b.live) return;
      const inside = l.from([{ node, slot: 0 }], () => lowerStatement(l, s.body));
      l.b.ends = [...inside, { node, slot: 1 }];
      return;
    }
    case 'opaque':
      l.b.emit({ k: 'opaque', text: l.b.source.slice(s.a.pos, Math.max(s.a.end, s.b.end)) }, s);
      return;
    case 'empty':
  }
}

function expressionStatement(l: Lowering, s: StmtOf<'expr'>): void {
  if (calleeName(s.e) === 'return_ptr' && s.e.k === 'call') {
    const kept = l.temp();
    assignInto(l, kept, s.e, s);
    leaveTo(l, 0);
    if (l.b.live) l.b.emit({ k: 'return', value: kept }, s);
    return;
  }
  effect(l, s.e, s.e);
}

function declare(l: Lowering, s: StmtOf<'decl'>): void {
  for (const item of s.items) {
    // The initialiser of `T x = f(x)` sees the new x in C; none in the kernel relies on it.
    const name = l.declare(item.name, item.type, l.params);
    const variable: Expr = { k: 'var', name };
    l.b.emit({ k: 'declare', name, type: item.type }, item);
    if (item.free.startsWith('class:')) {
      lowerClass(l, item, variable);
      continue;
    }
    if (item.init && !item.isStatic) assignInto(l, variable, item.init, item);
    if (item.free) registerFree(l, item.free, variable, item);
  }
}

function loop(l: Lowering, s: Stmt, init: Stmt | null, test: Ast | null, step: Ast | null, body: Stmt): void {
  if (init) lowerStatement(l, init);
  const head = l.b.join(s);
  const next = l.b.join(s);
  const after = l.b.join(s);
  l.b.land(head);
  const { yes, no } = test ? condition(l, test) : { yes: l.b.ends, no: [] };
  inLoop(l, after, next, () => {
    l.b.ends = yes;
    lowerStatement(l, body);
  });
  l.b.land(next);
  if (step) effect(l, step);
  l.b.jump(head);
  l.b.ends = no;
  l.b.land(after);
}

function inLoop(l: Lowering, breaks: Node, continues: Node | null, f: () => void): void {
  const depth = l.scopes.length;
  l.breaks.push({ node: breaks, depth });
  if (continues) l.continues.push({ node: continues, depth });
  f();
  l.breaks.pop();
  if (continues) l.continues.pop();
}

function doLoop(l: Lowering, s: StmtOf<'do'>): void {
  const head = l.b.join(s);
  const next = l.b.join(s);
  const after = l.b.join(s);
  l.b.land(head);
  inLoop(l, after, next, () => lowerStatement(l, s.body));
  l.b.land(next);
  const { yes, no } = condition(l, s.c);
  l.b.ends = yes;
  l.b.jump(head);
  l.b.ends = no;
  l.b.land(after);
}

function iterate(l: Lowering, s: StmtOf<'iterate'>): void {
  const head = l.b.join(s);
  const after = l.b.join(s);
  const args = s.args.map((a) => value(l, a));
  const places = ITERATORS.get(s.macro) ?? l.around.iteratorPlaces(s.macro) ?? [0];
  const dsts = places.map((i) => args[i]).filter((e) => e !== undefined && isPlace(e)) as Expr[];
  const last = s.args[s.args.length - 1];
  const span = { a: s.a, b: last ? last.b : s.a };
  l.b.land(head);
  const node = l.b.emit({ k: 'iterate', macro: s.macro, dsts, args }, span);
  const live = l.b.live;
  inLoop(l, after, head, () => {
    l.b.ends = live ? [{ node, slot: 0 }] : [];
    lowerStatement(l, s.body);
  });
  l.b.jump(head);
  l.b.ends = live ? [{ node, slot: 1 }] : [];
  l.b.land(after);
}

function isPlace(e: Expr): boolean {
  return e.k === 'var' || e.k === 'field' || e.k === 'index' || e.k === 'deref';
}

function switchStatement(l: Lowering, s: StmtOf<'switch'>): void {
  let on = value(l, s.c);
  if (on.k !== 'var' && on.k !== 'num') {
    const kept = l.temp();
    l.b.emit({ k: 'set', dst: kept, value: on }, s.c);
    on = kept;
  }
  const labels: (StmtOf<'case'> | StmtOf<'default'>)[] = [];
  collectCases(s.body, labels);
  const after = l.b.join(s);
  let other: Node | null = null;
  for (const label of labels) {
    const node = l.b.join(label);
    l.cases.set(label, node);
    if (label.k === 'default') {
      other = node;
      continue;
    }
    const from = value(l, label.from);
    const to = label.to ? value(l, label.to) : null;
    if (!l.b.live) continue;
    const cond: Expr = to
      ? { k: 'binary', op: '>=', a: on, b: from }
      : { k: 'binary', op: '==', a: on, b: from };
    const test = l.b.emit({ k: 'branch', cond }, label);
    if (to) {
      l.b.ends = [{ node: test, slot: 0 }];
      const upper = l.b.emit({ k: 'branch', cond: { k: 'binary', op: '<=', a: on, b: to } }, label);
      l.b.ends = [{ node: upper, slot: 0 }];
      l.b.jump(node);
      l.b.ends = [
        { node: test, slot: 1 },
        { node: upper, slot: 1 },
      ];
    } else {
      l.b.ends = [{ node: test, slot: 0 }];
      l.b.jump(node);
      l.b.ends = [{ node: test, slot: 1 }];
    }
  }
  l.b.jump(other ?? after);
  inLoop(l, after, null, () => lowerStatement(l, s.body));
  l.b.land(after);
}

function collectCases(s: Stmt, out: (StmtOf<'case'> | StmtOf<'default'>)[]): void {
  switch (s.k) {
    case 'case':
    case 'default':
      out.push(s);
      return;
    case 'block':
    case 'group':
      for (const item of s.items) collectCases(item, out);
      return;
    case 'if':
      collectCases(s.yes, out);
      if (s.no) collectCases(s.no, out);
      return;
    case 'while':
    case 'do':
    case 'for':
    case 'iterate':
    case 'maybe':
      collectCases(s.body, out);
      return;
    case 'guard':
      if (s.body) collectCases(s.body, out);
  }
}

function goto(l: Lowering, s: StmtOf<'goto'>): void {
  leaveForLabel(l, s.name);
  l.b.jump(l.label(s.name, s));
}

/** A computed goto, or asm goto: any of the labels, and on. */
function jump(l: Lowering, s: StmtOf<'jump'>): void {
  const node = l.b.emit({ k: 'opaque', text: l.b.source.slice(s.a.pos, s.b.end) }, s);
  if (!l.b.live) return;
  if (s.labels === null) {
    l.b.ends = [];
    return;
  }
  s.labels.forEach((name, i) => {
    node.to[i + 1] = l.label(name, s);
  });
}

function returnStatement(l: Lowering, s: StmtOf<'return'>): void {
  if (!s.value) {
    leaveTo(l, 0);
    if (l.b.live) l.b.emit({ k: 'return', value: null }, s);
    return;
  }
  let result: Expr;
  if (hasCleanups(l, 0)) {
    result = l.temp();
    assignInto(l, result, s.value, s);
    leaveTo(l, 0);
  } else result = value(l, s.value);
  if (l.b.live) l.b.emit({ k: 'return', value: result }, s);
}
