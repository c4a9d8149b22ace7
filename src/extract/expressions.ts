/** What expressions and nodes of a graph consist of. Pure look-ups; nothing is emitted here. */
import type { CNode, Expr } from '../c/index.ts';

/** The variable whose own memory `&expr` would point into; `isArray` tells an array's element from a pointer's. */
export function rootVariable(expr: Expr, isArray: (of: Expr) => boolean): string | null {
  if (expr.k === 'var') return expr.name;
  if (expr.k === 'field' && !expr.arrow) return rootVariable(expr.of, isArray);
  if (expr.k === 'cast' || (expr.k === 'index' && isArray(expr.of))) return rootVariable(expr.of, isArray);
  return null;
}

export function children(expr: Expr): readonly Expr[] {
  switch (expr.k) {
    case 'field':
    case 'deref':
    case 'addr':
    case 'unary':
    case 'cast':
      return [expr.of];
    case 'index':
      return [expr.of, expr.index];
    case 'binary':
      return [expr.a, expr.b];
    case 'opaque':
      return expr.reads;
    default:
      return NOTHING;
  }
}

const NOTHING: readonly Expr[] = [];

export function expressionsOf(node: CNode): readonly Expr[] {
  const { instr } = node;
  switch (instr.k) {
    case 'set':
      return [instr.dst, instr.value];
    case 'call':
      return [
        ...(instr.dst === null ? [] : [instr.dst]),
        ...(typeof instr.callee === 'string' ? [] : [instr.callee]),
        ...instr.args,
      ];
    case 'branch':
      return [instr.cond];
    case 'iterate':
      return [...instr.dsts, ...instr.args];
    case 'return':
      return instr.value === null ? NOTHING : [instr.value];
    default:
      return NOTHING;
  }
}
