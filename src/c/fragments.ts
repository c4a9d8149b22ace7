/**
 * Pieces of a file, as the hunks of a patch show them: each is repaired to balanced text (a head from the
 * hunk's heading before it, closing braces after it) and read like a file. Lines stay those of the file.
 * Indentation is not looked at. What is not visible is never guessed beyond a condition named `__unseen`.
 */
import { defaultConfig } from './config.ts';
import type { CFunction, CType, CUnit, Macro, StructDecl } from './ir.ts';
import { repair } from './repair.ts';
import { Source } from './source.ts';
import { type ParseOptions, Unit } from './unit.ts';

/** A hunk's image: its first line's number, its text, and what follows `@@ … @@`. */
export interface Piece {
  startLine: number;
  text: string;
  heading: string;
}

/** Parses pieces of one file. Never throws. */
export function parseFragments(pieces: readonly Piece[], path: string, options: ParseOptions = {}): CUnit {
  const config = options.config ?? defaultConfig;
  const units: Unit[] = [];
  const typedefs = new Set<string>();
  for (const piece of pieces) {
    const fixed = repair(piece, config);
    const before = `${fixed.before}\n`;
    const text = before + fixed.text + fixed.after;
    const source = new Source(text, path, piece.startLine - 1, before.length, fixed.after.length);
    const isType = (name: string): boolean => typedefs.has(name) || (options.isType?.(name) ?? false);
    const unit = new Unit(source, { ...options, isType }, { startsInside: fixed.inside });
    for (const item of unit.items) if (item.kind === 'typedef') typedefs.add(item.name);
    units.push(unit);
  }
  return new Pieces(path, units);
}

/** Several units of one file as one. */
class Pieces implements CUnit {
  readonly path: string;
  readonly functions: CFunction[];
  readonly #units: Unit[];

  constructor(path: string, units: Unit[]) {
    this.path = path;
    this.#units = units;
    this.functions = units.flatMap((u) => u.functions);
  }

  get structs(): Map<string, StructDecl> {
    return this.#merged((u) => u.structs);
  }

  get typedefs(): Map<string, CType> {
    return this.#merged((u) => u.typedefs);
  }

  get macros(): Map<string, Macro> {
    return this.#merged((u) => u.macros);
  }

  get globals(): Map<string, CType> {
    return this.#merged((u) => u.globals);
  }

  get tables(): Map<string, Map<string, string>> {
    return this.#merged((u) => u.tables);
  }

  get enums(): Map<string, number> {
    return this.#merged((u) => u.enums);
  }

  /** Return types of functions that are only declared. */
  prototypeType(name: string): CType | null {
    for (const unit of this.#units) {
      const type = unit.prototypeType(name);
      if (type !== null) return type;
    }
    return null;
  }

  get problems(): { line: number; text: string }[] {
    return this.#units.flatMap((u) => u.problems);
  }

  #merged<T>(of: (unit: Unit) => Map<string, T>): Map<string, T> {
    return new Map(this.#units.flatMap((u) => [...of(u)]));
  }
}
