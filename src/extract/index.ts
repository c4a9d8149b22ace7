/** Functions and rules to programs of the core. */
export { Callees } from './callees.ts';
export { dumpOps, type OpLine, opLines } from './dump.ts';
export { dumpSummary } from './dump-summary.ts';
export { type LowerContext, type Lowered, lower } from './lower.ts';
export { buildProgram, type ModelUnit, parseModel, type Stand } from './model.ts';
export { slice } from './slice.ts';
export type { Summary } from './summary.ts';
export { type Declarations, pointee, structName, typeOf } from './types.ts';
