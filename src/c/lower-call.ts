/**
 * Calls to instructions, and the calls that are none: warnings, bug tests, constants of the configuration,
 * macros that hand their argument on. What an ordinary function does is not known here.
 */
import type { Ast, AstOf } from './ast.ts';
import type { Span } from './builder.ts';
import { isEnabled } from './config.ts';
import type { Expr } from './ir.ts';
import { BUG_TESTS, NORETURN, TRANSPARENT, WARNING_CONDITION, WARNINGS } from './kernel-macros.ts';
import { calleeName, type Lowering } from './lower.ts';
import { assignInto, condition, constantOf, effect, hasControl, value, viaTemp } from './lower-expr.ts';

const NULL: Expr = { k: 'num', value: 0 };
const ONE: Expr = { k: 'num', value: 1 };

/** Macros that give a pointer away: its value, and then it is cleared. */
const TAKE = new Set([
  'no_free_ptr',
  '__get_and_null_ptr',
  'return_ptr',
  '__get_and_null',
  'retain_and_null_ptr',
]);

/**
 * A call. With `dst` the result goes there; the answer is then `dst`, or another expression when no
 * instruction was needed. Null when the result is not used.
 */
export function call(
  l: Lowering,
  e: AstOf<'call'>,
  dst: Expr | null,
  used: boolean,
  span: Span = e,
): Expr | null {
  const callee = calleeName(e);
  const first = e.args[0];
  if (callee && l.resolve(callee) === null) {
    if (TRANSPARENT.has(callee) && first) {
      if (!used) {
        effect(l, first);
        return null;
      }
      if (dst) {
        assignInto(l, dst, first, span);
        return dst;
      }
      return value(l, first);
    }
    if (WARNINGS.has(callee)) return warning(l, e, callee, used);
    if (BUG_TESTS.has(callee) && first) {
      bugTest(l, e, first);
      return NULL;
    }
    if (TAKE.has(callee) && first) return take(l, first, dst, span);
    if (/^IS_(?:ENABLED|BUILTIN|MODULE|REACHABLE)$/.test(callee) && first?.k === 'id')
      return isEnabled(callee, first.name, l.around.config) ? ONE : NULL;
    if (callee === '__builtin_constant_p') return NULL;
    if (callee === '__builtin_choose_expr' && e.args.length === 3) {
      const known = constantOf(l, first!);
      if (known !== null) return value(l, e.args[known ? 1 : 2]!);
    }
  }
  const target: string | Expr = e.fn.k === 'id' && l.resolve(callee) === null ? callee : value(l, e.fn);
  const args = e.args.map((a) => value(l, a));
  const result = used ? (dst ?? l.temp()) : null;
  const fn = typeof target !== 'string' && target.k === 'deref' ? target.of : target;
  l.b.emit({ k: 'call', dst: result, callee: fn, args }, span);
  if (NORETURN.has(callee)) l.b.ends = [];
  return result;
}

/** WARN_ON and its like: the condition is evaluated, the warning itself is not modelled. */
function warning(l: Lowering, e: AstOf<'call'>, callee: string, used: boolean): Expr {
  const at = WARNING_CONDITION.get(callee) ?? 0;
  const test = e.args[at];
  if (!test) {
    for (const a of e.args) effect(l, a);
    return NULL;
  }
  if (!used) {
    effect(l, test);
    return NULL;
  }
  return hasControl(test) ? viaTemp(l, test) : value(l, test);
}

function bugTest(l: Lowering, e: AstOf<'call'>, test: Ast): void {
  const { yes, no } = condition(l, test);
  l.b.ends = yes;
  if (l.b.live) {
    l.b.emit({ k: 'call', dst: null, callee: 'BUG', args: [] }, e);
    l.b.ends = [];
  }
  l.b.ends = no;
}

/** `no_free_ptr(p)`: the value, and the variable is cleared. */
function take(l: Lowering, of: Ast, dst: Expr | null, span: Span): Expr {
  const source = value(l, of);
  const kept = dst ?? l.temp();
  l.b.emit({ k: 'set', dst: kept, value: source }, span);
  l.b.emit({ k: 'set', dst: source, value: NULL }, span, true);
  return kept;
}
