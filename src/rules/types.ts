/** Reads `rules/types.yml`: which C types are locks, counts and callbacks, which counters count references. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { CellKind } from '../sim/program.ts';
import { RuleError } from './vocabulary.ts';

const schema = z.strictObject({
  about: z.string(),
  cells: z.record(
    z.enum(['lock', 'ref', 'percpu-ref', 'callback', 'completion', 'queue', 'work', 'timer']),
    z.array(z.string()),
  ),
  counts: z.array(z.string().regex(/^\w+\.[\w.]+$/)),
  gfp: z.strictObject({ 'may-sleep': z.array(z.string()), 'may-not-sleep': z.array(z.string()) }),
});

export interface TypeRules {
  /** The kind of a field of this C type. */
  cellKind(type: string): CellKind;
  /** Whether `struct.field`, or a field of this name in a struct that is not known, counts references. */
  isCount(struct: string, field: string): boolean;
  /** Whether an allocation with these flags may sleep; null when the flags do not tell. */
  gfpSleeps(flags: string): boolean | null;
}

/** @throws RuleError naming the file when it does not fit. */
export function loadTypes(rulesDir: string): TypeRules {
  const file = join(rulesDir, 'types.yml');
  const parsed = schema.safeParse(parse(readFileSync(file, 'utf8')));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new RuleError(file, 1, `${issue.path.join('.')}: ${issue.message}`);
  }
  const { cells, counts, gfp } = parsed.data;
  const kinds = new Map<string, CellKind>();
  for (const [kind, types] of Object.entries(cells))
    for (const type of types) kinds.set(type, kind as CellKind);
  const countFields = new Set(counts.map((c) => c.split('.').at(-1)!));
  return {
    cellKind: (type) => kinds.get(type) ?? (/[*[]/.test(type) ? 'pointer' : 'int'),
    isCount: (struct, field) =>
      struct === '' ? countFields.has(field) : counts.includes(`${struct}.${field}`),
    gfpSleeps: (flags) => {
      const words = flags.split(/\W+/);
      if (words.some((w) => gfp['may-not-sleep'].includes(w))) return false;
      return words.some((w) => gfp['may-sleep'].includes(w)) ? true : null;
    },
  };
}
