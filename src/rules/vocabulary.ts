/**
 * Reads `rules/vocabulary/*.yml` into one table from function name to row.
 *
 * A file is a map with `about` (a sentence) and `functions` (rows in the language of effects.ts). A row that
 * cannot be read is refused with file, line and reason; a name that stands twice is refused too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { parseRow, RowError, type VocabularyRow } from './effects.ts';

/** A rule file that was refused; `message` is `file:line: reason`. */
export class RuleError extends Error {
  constructor(file: string, line: number, reason: string) {
    super(`${file}:${line}: ${reason}`);
  }
}

export type Vocabulary = Map<string, VocabularyRow>;

/** Rows that hold only for kernels that have, or lack, a function. */
export interface Variant {
  has: boolean;
  symbol: string;
  rows: VocabularyRow[];
}

export interface VocabularyFiles {
  rows: Vocabulary;
  variants: Variant[];
}

/**
 * Reads every vocabulary file of a rules directory, in the order of their names.
 * @throws RuleError for the first row that is wrong.
 */
export function loadVocabulary(rulesDir: string): VocabularyFiles {
  const dir = join(rulesDir, 'vocabulary');
  const rows: Vocabulary = new Map();
  const variants: Variant[] = [];
  for (const name of readdirSync(dir)
    .filter((f) => f.endsWith('.yml'))
    .sort()) {
    const file = join(dir, name);
    const read = readVocabularyFile(file, readFileSync(file, 'utf8'));
    variants.push(...read.variants);
    for (const row of read.rows) {
      const known = rows.get(row.name);
      if (known !== undefined)
        throw new RuleError(file, row.line, `${row.name}() stands at ${known.file}:${known.line} already`);
      rows.set(row.name, row);
    }
  }
  return { rows, variants };
}

/** The rows for one kernel; `has` says whether it has a function. */
export function vocabularyFor(files: VocabularyFiles, has: (symbol: string) => boolean): Vocabulary {
  const rows = new Map(files.rows);
  for (const variant of files.variants)
    if (has(variant.symbol) === variant.has) for (const row of variant.rows) rows.set(row.name, row);
  return rows;
}

/**
 * A file's rows under `functions`, and under `when` those for some kernels: a list of maps with `has` or `lacks`
 * (a function's name) and `functions`.
 * @throws RuleError
 */
export function readVocabularyFile(
  file: string,
  text: string,
): { rows: VocabularyRow[]; variants: Variant[] } {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines });
  const broken = doc.errors[0];
  if (broken !== undefined)
    throw new RuleError(file, lines.linePos(broken.pos[0]).line, broken.message.split('\n')[0]!);
  const rows = readRows(file, doc.get('functions', true), lines);
  const when = doc.get('when', true);
  const variants = (isSeq(when) ? when.items : []).map((item): Variant => {
    const has = isMap(item) ? item.get('has') : undefined;
    const lacks = isMap(item) ? item.get('lacks') : undefined;
    const symbol = has ?? lacks;
    if (!isMap(item) || typeof symbol !== 'string' || (has !== undefined && lacks !== undefined))
      throw new RuleError(
        file,
        lineOf(item, lines),
        'an entry of "when" has either "has" or "lacks", a name',
      );
    return { has: has !== undefined, symbol, rows: readRows(file, item.get('functions', true), lines) };
  });
  return { rows, variants };
}

function lineOf(node: unknown, lines: LineCounter): number {
  const range = isNode(node) ? node.range : null;
  return range ? lines.linePos(range[0]).line : 1;
}

function readRows(file: string, functions: unknown, lines: LineCounter): VocabularyRow[] {
  if (!isMap(functions)) throw new RuleError(file, lineOf(functions, lines), 'there is no map "functions"');
  return functions.items.flatMap((item) => {
    const line = lineOf(item.key, lines);
    if (!isScalar(item.key) || !isScalar(item.value))
      throw new RuleError(file, line, 'a row is "name(parameters): effects"');
    try {
      return parseRow(String(item.key.value), String(item.value.value), file, line);
    } catch (error) {
      if (error instanceof RowError) throw new RuleError(file, line, error.message);
      throw error;
    }
  });
}
