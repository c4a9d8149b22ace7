/**
 * What a function states of itself, for its own lowering: locks that its callers hold are held when it begins,
 * and one that is documented to sleep may do so.
 *
 * Locks are written in many ways. Those that are an expression over parameters and globals are used, and
 * `mmap_lock` alone when a parameter tells whose; others are left out. Assertions in a body are operations
 * already.
 */
import { type Contract, type Expr, parseUnit } from '../c/index.ts';
import type { Place } from '../sim/program.ts';
import { children } from './expressions.ts';
import type { Lowering } from './lower.ts';

/** Emits what the contracts of the function say of its beginning. */
export function emitContracts(at: Lowering): void {
  const { file, name } = at.fn;
  for (const contract of at.fn.contracts) {
    if (at.ownSites) at.emit.at({ file, line: contract.line, function: name, text: wordsOf(contract) });
    if (contract.kind === 'must-hold' || contract.kind === 'releases') holds(at, contract);
    else if (contract.kind === 'may-sleep' && contract.line < at.fn.line) at.emit.op({ op: 'sleep' });
  }
}

function wordsOf({ kind, lock }: Contract): string {
  return kind === 'may-sleep' ? 'may sleep' : `${lock} is held by the caller`;
}

function holds(at: Lowering, { lock, mode }: Contract): void {
  if (lock === '' || lock === 'RCU') return;
  const expr = expressionOf(lock) ?? null;
  const named = expr === null ? null : isVisible(at, expr) ? expr : ownerOf(at, expr);
  const place = named === null ? null : lockAt(at, named);
  if (place === null || !at.context.keeps(place)) return;
  at.emit.op({ op: 'assert-held', at: place, ...(mode === 'shared' ? { mode } : {}) });
}

/** The lock that an expression names: the expression's memory, or what it points to. */
function lockAt(at: Lowering, expr: Expr): Place | null {
  if (expr.k === 'addr') return at.place(expr.of);
  if (at.typeOf(expr).endsWith('*')) return { base: at.value(expr), type: '', cell: '' };
  return expr.k === 'field' || expr.k === 'deref' || expr.k === 'var' ? at.place(expr) : null;
}

/** Every variable in it is a parameter, or a global that is declared. */
function isVisible(at: Lowering, expr: Expr): boolean {
  if (expr.k === 'var')
    return (
      expr.name === 'current' ||
      at.fn.params.some((p) => p.name === expr.name) ||
      at.context.declarations.global(expr.name) !== ''
    );
  return expr.k !== 'opaque' && children(expr).every((inner) => isVisible(at, inner));
}

/** `mmap_lock` of the address space that a parameter leads to. */
function ownerOf(at: Lowering, expr: Expr): Expr | null {
  if ((expr.k !== 'var' && expr.k !== 'field') || expr.name !== 'mmap_lock') return null;
  for (const { name, type } of at.fn.params) {
    const of: Expr = { k: 'var', name };
    if (/^struct mm_struct \*$/.test(type)) return { k: 'field', of, name: 'mmap_lock', arrow: true };
    if (/^struct vm_area_struct \*$/.test(type)) {
      const mm: Expr = { k: 'field', of, name: 'vm_mm', arrow: true };
      return { k: 'field', of: mm, name: 'mmap_lock', arrow: true };
    }
  }
  return null;
}

const known = new Map<string, Expr | null>();

/** A text as one expression without calls; null when it is something else. */
function expressionOf(text: string): Expr | null {
  let expr = known.get(text);
  if (expr === undefined) {
    const [fn] = parseUnit(`void at(void)\n{\n\tlock = ${text};\n}\n`, '').functions;
    const nodes = fn?.cfg().nodes.filter(({ instr }) => instr.k !== 'nop' && instr.k !== 'return') ?? [];
    const instr = nodes.length === 1 ? nodes[0]!.instr : null;
    expr = instr?.k === 'set' ? instr.value : null;
    known.set(text, expr);
  }
  return expr;
}
