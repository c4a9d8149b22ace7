/** The concurrent programs behind the findings of every bundled example patch. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reviewSeries } from '../../src/check/index.ts';
import { readSeries } from '../../src/patch/index.ts';
import { loadRules } from '../../src/rules/index.ts';
import type { Program } from '../../src/sim/index.ts';
import { openSource } from '../../src/source/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Patches under examples/ and beside the models. */
export function examplePatches(): string[] {
  return ['examples', 'rules/models'].flatMap((dir) =>
    existsSync(join(root, dir))
      ? readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.patch'))
          .sort()
          .map((file) => join(dir, file))
      : [],
  );
}

export async function examplePrograms(): Promise<{ name: string; program: Program }[]> {
  const rules = loadRules(join(root, 'rules'));
  const all: { name: string; program: Program }[] = [];
  for (const file of examplePatches()) {
    const series = await readSeries(readFileSync(join(root, file), 'utf8'), file);
    const { programs } = reviewSeries(series, openSource({ series }), rules, 'test');
    for (const [fingerprint, stored] of programs)
      if ('program' in stored) all.push({ name: `${file} ${fingerprint}`, program: stored.program });
  }
  return all;
}
