/**
 * Reads `rules/vocabulary/*.yml` into one table from function name to row.
 *
 * A file is a map with `about` (a sentence) and `functions` (rows in the language of effects.ts). A row that
 * cannot be read is refused with file, line and reason; a name that stands twice is refused too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { parseRow, RowError, type VocabularyRow } from './effects.ts';

/** A rule file that was refused; `message` is `file:line: reason`. */
export class RuleError extends Error {
  constructor(file: string, line: number, reason: string) {
    super(`${file}:${line}: ${reason}`);
  }
}

export type Vocabulary = Map<string, VocabularyRow>;

/**
 * Reads every vocabulary file of a rules directory, in the order of their names.
 * @throws RuleError for the first row that is wrong.
 */
export function loadVocabulary(rulesDir: string): Vocabulary {
  const dir = join(rulesDir, 'vocabulary');
  const table: Vocabulary = new Map();
  for (const name of readdirSync(dir)
    .filter((f) => f.endsWith('.yml'))
    .sort()) {
    const file = join(dir, name);
    for (const row of readVocabularyFile(file, readFileSync(file, 'utf8'))) {
      const known = table.get(row.name);
      if (known !== undefined)
        throw new RuleError(file, row.line, `${row.name}() stands at ${known.file}:${known.line} already`);
      table.set(row.name, row);
    }
  }
  return table;
}

/** @throws RuleError */
export function readVocabularyFile(file: string, text: string): VocabularyRow[] {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines });
  const broken = doc.errors[0];
  if (broken !== undefined)
    throw new RuleError(file, lines.linePos(broken.pos[0]).line, broken.message.split('\n')[0]!);
  const functions = doc.get('functions', true);
  if (!isMap(functions)) throw new RuleError(file, 1, 'there is no map "functions"');
  return functions.items.flatMap((item) => {
    const line = isScalar(item.key) && item.key.range ? lines.linePos(item.key.range[0]).line : 1;
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
