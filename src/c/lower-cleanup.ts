/**
 * Scope exits: what `guard()`, `scoped_guard()`, CLASS and `__free` do when their scope is left, by falling
 * out, break, continue, goto or return, in reverse order of declaration.
 */
import type { Declared, Stmt, StmtOf } from './ast.ts';
import type { End, Span } from './builder.ts';
import { FREES, GUARDS } from './guards.ts';
import type { Expr } from './ir.ts';
import type { Lowering } from './lower.ts';
import { value } from './lower-expr.ts';
import { lowerStatement } from './lower-stmt.ts';

export interface Cleanup {
  /** `call`: unconditional; `free`: only when the variable holds a pointer. */
  how: 'call' | 'free';
  callee: string;
  args: Expr[];
  span: Span;
  /** Offset of the declaration: a backward goto before it leaves it. */
  pos: number;
}

/** Runs the cleanups of all scopes beyond the first `depth`, innermost first, without closing them. */
export function leaveTo(l: Lowering, depth: number): void {
  for (let i = l.scopes.length - 1; i >= depth; i--) runAll(l, l.scopes[i]!.cleanups);
}

/** Runs the cleanups that a goto to `label` leaves behind. */
export function leaveForLabel(l: Lowering, label: string): void {
  const target = l.labelPlaces?.get(label);
  if (!target) return;
  for (let i = l.scopes.length - 1; i > 0; i--) {
    const scope = l.scopes[i]!;
    const stays = scope.block !== null && target.around.includes(scope.block);
    runAll(l, stays ? scope.cleanups.filter((c) => c.pos > target.pos) : scope.cleanups);
  }
}

/** Is there anything to run on the way out to scope depth `depth`? */
export function hasCleanups(l: Lowering, depth: number): boolean {
  for (let i = depth; i < l.scopes.length; i++) if (l.scopes[i]!.cleanups.length) return true;
  return false;
}

function runAll(l: Lowering, cleanups: readonly Cleanup[]): void {
  for (let i = cleanups.length - 1; i >= 0; i--) run(l, cleanups[i]!);
}

function run(l: Lowering, c: Cleanup): void {
  if (!l.b.live) return;
  if (c.how === 'call') {
    l.b.emit({ k: 'call', dst: null, callee: c.callee, args: c.args }, c.span);
    return;
  }
  const bad = l.temp();
  l.b.emit({ k: 'call', dst: bad, callee: 'IS_ERR_OR_NULL', args: c.args }, c.span, true);
  const branch = l.b.emit({ k: 'branch', cond: bad }, c.span, true);
  l.b.ends = [{ node: branch, slot: 1 }];
  l.b.emit({ k: 'call', dst: null, callee: c.callee, args: c.args }, c.span);
  l.b.ends = [...l.b.ends, { node: branch, slot: 0 }];
}

/** Registers `__free(cls) name`. */
export function registerFree(l: Lowering, cls: string, variable: Expr, span: Span): void {
  const known = l.around.cleanupClass('free', cls)?.leave ?? FREES.get(cls) ?? cls;
  const scope = l.scopes[l.scopes.length - 1]!;
  scope.cleanups.push({ how: 'free', callee: known, args: [variable], span, pos: span.a.pos });
}

/** `CLASS(cls, name)(args);`: made now, unmade when its scope is left. */
export function lowerClass(l: Lowering, item: Declared, variable: Expr): void {
  const cls = item.free.slice('class:'.length);
  const known = l.around.cleanupClass('free', cls);
  const args = item.init?.k === 'call' ? item.init.args.map((a) => value(l, a)) : [];
  const enter = known?.enter || `class_${cls}_constructor`;
  l.b.emit({ k: 'call', dst: variable, callee: enter, args }, item);
  const leave = known?.leave || `class_${cls}_destructor`;
  const scope = l.scopes[l.scopes.length - 1]!;
  scope.cleanups.push({ how: 'call', callee: leave, args: [variable], span: item, pos: item.a.pos });
}

/** `guard(cls)(args);`, `scoped_guard(cls, args) body`, `scoped_cond_guard(cls, fail, args) body`. */
export function lowerGuard(l: Lowering, s: StmtOf<'guard'>): void {
  if (s.body) l.scopes.push({ names: new Map(), cleanups: [], block: s });
  const known = l.around.cleanupClass('guard', s.cls) ?? GUARDS.get(s.cls);
  const args = s.args.map((a) => value(l, a));
  const table = GUARDS.get(s.cls);
  const enter = known?.enter || `class_${s.cls}_constructor`;
  const leave = known?.leave || `class_${s.cls}_destructor`;
  const span: Span = s.body ? { a: s.a, b: s.args.length ? s.args[s.args.length - 1]!.b : s.a } : s;
  const extra: Expr[] = [];
  if (table?.extra) {
    const name = l.declare(`__guard_${table.extra}`, 'unsigned long', l.params);
    extra.push({ k: 'var', name });
  }
  const cleanup: Cleanup = { how: 'call', callee: leave, args: [...args, ...extra], span, pos: s.a.pos };
  if (table?.extra === 'idx') {
    l.b.emit({ k: 'call', dst: extra[0]!, callee: enter, args }, span);
  } else if (table?.entered) {
    conditional(l, s, enter, args, span, table.entered);
  } else l.b.emit({ k: 'call', dst: null, callee: enter, args: [...args, ...extra] }, span);
  l.scopes[l.scopes.length - 1]!.cleanups.push(cleanup);
  if (!s.body) return;
  const skipped = pendingSkip.get(s);
  lowerStatement(l, s.body);
  closeScope(l);
  if (skipped) {
    l.b.ends = [...l.b.ends, ...skipped];
    pendingSkip.delete(s);
  }
}

/** The ends that pass over a scoped conditional guard's body. */
const pendingSkip: WeakMap<Stmt, End[]> = new WeakMap();

function conditional(
  l: Lowering,
  s: StmtOf<'guard'>,
  enter: string,
  args: Expr[],
  span: Span,
  entered: 'true' | 'zero',
): void {
  const result = l.temp();
  l.b.emit({ k: 'call', dst: result, callee: enter, args }, span);
  const branch = l.b.emit({ k: 'branch', cond: result }, span, true);
  if (!l.b.live) return;
  const inside = entered === 'true' ? 0 : 1;
  l.b.ends = [{ node: branch, slot: 1 - inside }];
  if (s.fail) lowerStatement(l, s.fail);
  if (s.body) pendingSkip.set(s, l.b.ends);
  l.b.ends = [{ node: branch, slot: inside }];
}

/** Closes the innermost scope, running its cleanups where its end is reached. */
export function closeScope(l: Lowering): void {
  const scope = l.scopes[l.scopes.length - 1]!;
  if (scope.cleanups.length && l.b.live) runAll(l, scope.cleanups);
  l.scopes.pop();
}
