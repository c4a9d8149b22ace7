/** Coverage of a file: how much of it was understood. */
import type { CUnit } from './ir.ts';

export interface Stats {
  functions: number;
  /** Functions whose extent or body could not be made out. */
  skippedFunctions: number;
  statements: number;
  /** Statements that are opaque in the graphs: inline assembly, and what could not be parsed. */
  opaqueStatements: number;
}

/** Lowers every function of a unit and counts. A function that cannot be lowered counts as skipped. */
export function statsOf(unit: CUnit): Stats {
  const stats: Stats = { functions: 0, skippedFunctions: 0, statements: 0, opaqueStatements: 0 };
  for (const fn of unit.functions) {
    stats.functions++;
    const { statements, opaque } = fn.counts();
    stats.statements += statements;
    stats.opaqueStatements += opaque;
    if (fn.damaged || fn.cfg().nodes.length === 0) stats.skippedFunctions++;
  }
  return stats;
}

/** Adds up. */
export function addStats(a: Stats, b: Stats): Stats {
  return {
    functions: a.functions + b.functions,
    skippedFunctions: a.skippedFunctions + b.skippedFunctions,
    statements: a.statements + b.statements,
    opaqueStatements: a.opaqueStatements + b.opaqueStatements,
  };
}
