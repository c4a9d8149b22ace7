/** Helpers of the C front end's tests. */
import { readFileSync } from 'node:fs';
import { type CFunction, dumpCfg, parseUnit } from '../../src/c/index.ts';

/** A file of test/c/fixtures. */
export function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
}

/** The only function of a text. */
export function only(text: string): CFunction {
  const { functions } = parseUnit(text, 'test.c');
  if (functions.length !== 1) throw new Error(`expected one function, got ${functions.length}`);
  return functions[0]!;
}

/** The instructions of the only function of a text, one per line, without numbers. */
export function ops(text: string): string[] {
  return dumpCfg(only(text))
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/^ +\d+ +\d+ +/, ''));
}
