/** Reads `rules/classes.yml`: what each class of hazard is, in a sentence or two. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { HAZARDS, type Hazard } from '../sim/program.ts';
import { RuleError } from './vocabulary.ts';

/** @throws RuleError when a class is missing or unknown. */
export function loadClasses(rulesDir: string): Map<Hazard, string> {
  const file = join(rulesDir, 'classes.yml');
  const read: unknown = parse(readFileSync(file, 'utf8'));
  const classes = new Map(Object.entries(read ?? {}) as [Hazard, string][]);
  for (const name of classes.keys())
    if (!HAZARDS.includes(name)) throw new RuleError(file, 1, `"${name}" is no class of hazard`);
  const missing = HAZARDS.find((hazard) => typeof classes.get(hazard) !== 'string');
  if (missing !== undefined) throw new RuleError(file, 1, `the class ${missing} is missing`);
  return classes;
}
