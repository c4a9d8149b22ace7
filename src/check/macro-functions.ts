/**
 * Macros of a patch that are functions in all but name: a statement expression, or do-while, with parameters. Each is
 * read as a function of the same lines, so that what it promises can be held against what it does.
 *
 * Types of parameters and result are not known and stay so; only roles are tried with these, not the paths.
 */
import { type CFunction, type CUnit, parseUnit } from '../c/index.ts';
import type { Image } from '../source/index.ts';
import { lineReader } from './comment-above.ts';

const LONGEST = 200;

export function macroFunctions(unit: CUnit, image: Image): CFunction[] {
  const lines = lineReader(image);
  return [...unit.macros.values()].flatMap((macro) => {
    if (macro.params === null || !image.touched.has(macro.line)) return [];
    if (!/^\s*(?:\(\{|do\b)/.test(macro.body)) return [];
    const text: string[] = [];
    for (let at = macro.line; at < macro.line + LONGEST; at++) {
      const line = lines(at);
      if (line === null) break;
      text.push(line.replace(/\\\s*$/, ''));
      if (!/\\\s*$/.test(line)) break;
    }
    const params = macro.params.map((p) => `void *${p.replace(/\.\.\.$/, '')}`).join(', ');
    const isExpression = /^\s*\(\{/.test(macro.body);
    text[0] = text[0]!.replace(
      /^\s*#\s*define\s+\w+\([^)]*\)/,
      `static int ${macro.name}(${params || 'void'}) {${isExpression ? ' return' : ''}`,
    );
    const source = `${'\n'.repeat(macro.line - 1)}${text.join('\n')}; }\n`;
    return parseUnit(source, unit.path).functions.filter((fn) => fn.name === macro.name && fn.complete);
  });
}
