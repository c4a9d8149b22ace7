/** The C front end's public face: parse a file or pieces of one, look at functions as graphs. */

export { type Config, defaultConfig, parseConfig } from './config.ts';
export { dumpCfg, dumpExpr, dumpInstr } from './dump.ts';
export { ERRNO } from './errno.ts';
export { type Piece, parseFragments } from './fragments.ts';
export type * from './ir.ts';
export { addStats, type Stats, statsOf } from './stats.ts';
export { type Location, openTree, type Tree, type TreeOptions } from './tree.ts';
export { defaultCacheDir } from './tree-cache.ts';
export { fieldOf, pointedTo, resolveType, type TypeScope, typeOf, typeScope } from './types.ts';
export { type ParseOptions, parseUnit, type Unit } from './unit.ts';
