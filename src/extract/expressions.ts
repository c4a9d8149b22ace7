/** What expressions and nodes of a graph consist of. Pure look-ups; nothing is emitted here. */
import type { CNode, Expr } from '../c/index.ts';

/** The variable whose own memory `&expr` would point into. */
export function rootVariable(expr: Expr): string | null {
  if (expr.k === 'var') return expr.name;
  if (expr.k === 'field' && !expr.arrow) return rootVariable(expr.of);
  if (expr.k === 'index' || expr.k === 'cast') return rootVariable(expr.of);
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
