/**
 * Examples of hazard models: patches in `examples/` beside a model, against small files in `examples/tree/`, each with what a
 * review of it has to say in a line of its own: `Expect: CLASS FILE:LINE`, or `Expect: nothing`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readInputs } from '../patch/index.ts';
import type { Rules } from '../rules/index.ts';
import { openSource } from '../source/index.ts';
import { reviewSeries } from './review.ts';

export interface ExampleResult {
  model: string;
  file: string;
  /** What the header says, and what the review says: `CLASS FILE:LINE` each. */
  expected: string[];
  found: string[];
  /** '' when both agree. */
  problem: string;
}

/** Files of a model's examples, in order. */
export function examplesOf(rulesDir: string, model: string): string[] {
  const dir = join(rulesDir, 'models', model, 'examples');
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .filter((name) => name.endsWith('.patch'))
    .sort()
    .map((name) => join(dir, name));
}

export async function runExample(model: string, file: string, rules: Rules): Promise<ExampleResult> {
  const text = readFileSync(file, 'utf8');
  const expected = [...text.matchAll(/^Expect: (.+)$/gm)].map((m) => m[1]!.trim()).sort();
  const tree = join(file, '..', 'tree');
  const series = await readInputs([{ content: Buffer.from(text), name: file }]);
  const source = openSource(existsSync(tree) ? { tree, series } : { series });
  const { review } = reviewSeries(series, source, rules, '0');
  const found = review.findings.map((f) => `${f.class} ${f.file}:${f.line}`).sort();
  return { model, file, expected, found, problem: problemOf(basename(file), expected, found) };
}

function problemOf(name: string, expected: string[], found: string[]): string {
  if (!/^(?:bad|good)-/.test(name)) return 'the name begins with neither bad- nor good-';
  if (expected.length === 0) return 'no line "Expect: CLASS FILE:LINE" or "Expect: nothing"';
  const wanted = expected.filter((line) => line !== 'nothing');
  if (name.startsWith('bad-') !== wanted.length > 0)
    return name.startsWith('bad-') ? 'a bad- example expects nothing' : 'a good- example expects a finding';
  if (wanted.join() === found.join()) return '';
  return `expected ${wanted.join(', ') || 'nothing'}, found ${found.join(', ') || 'nothing'}`;
}
