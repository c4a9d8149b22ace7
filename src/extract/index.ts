/** Functions and rules to programs of the core. */
export { type LowerContext, type Lowered, lower } from './lower.ts';
export { buildProgram, type ModelUnit, parseModel, type Stand } from './model.ts';
export { type Declarations, pointee, structName, typeOf } from './types.ts';
