/**
 * One side of a patch, before or after: what is known there of functions, types and calls.
 *
 * The files of the patch come first, then, with a tree, whatever they call: small bodies are put in place, larger
 * ones are summarised. A review summarises so many functions and no more; beyond that a call is not known.
 */
import { type CFunction, type CUnit, ERRNO, type Tree } from '../c/index.ts';
import { Callees, type Declarations, type LowerContext } from '../extract/index.ts';
import type { Rules } from '../rules/index.ts';
import { declarationsOf } from './units.ts';

export interface Side {
  /** The units of the patch's files, the one under review first. */
  units: CUnit[];
  declarations: Declarations;
  context: LowerContext;
}

export function makeSide(units: CUnit[], rules: Rules, touched: Set<string>, tree: Tree | null): Side {
  const bodies = new Map<string, CFunction>();
  for (const unit of units)
    for (const fn of unit.functions)
      if (fn.complete && fn.macro === '' && !bodies.has(fn.name)) bodies.set(fn.name, fn);
  const near = units[0]?.path ?? '';
  const callees = new Callees();
  const seenFrom = new Map<string, LowerContext>();
  const lookFrom = (file: string, declarations: Declarations): LowerContext => {
    const isOurs = units.some((u) => u.path === file);
    const find = (name: string): CFunction | null => {
      const own = isOurs ? null : (tree?.function(name, file) ?? null);
      if (own !== null && own.file === file) return own;
      return bodies.get(name) ?? own ?? tree?.function(name, file) ?? null;
    };
    const context: LowerContext = {
      vocabulary: rules.vocabulary,
      declarations,
      body: find,
      prefersBody: (name) => touched.has(name),
      summary: (name) => {
        const fn = find(name);
        return fn === null ? null : callees.summary(fn, context);
      },
      keeps: () => true,
      hasObject: () => true,
      gfpSleeps: rules.types.gfpSleeps,
      isCount: (place) => rules.types.isCount(place.type, place.cell.split('.').at(-1)!),
      shows: () => false,
      errno: (name) => ERRNO.get(name) ?? null,
      within,
    };
    return context;
  };
  const within = (file: string): LowerContext => {
    let context = seenFrom.get(file);
    if (context === undefined) {
      const unit = units.find((u) => u.path === file) ?? tree?.unit(file) ?? null;
      const others = units.filter((u) => u !== unit);
      context = lookFrom(file, declarationsOf(unit === null ? units : [unit, ...others], tree));
      seenFrom.set(file, context);
    }
    return context;
  };
  const declarations = declarationsOf(units, tree);
  const context = lookFrom(near, declarations);
  seenFrom.set(near, context);
  return { units, declarations, context };
}
