/**
 * Reads hazard models: `rules/models/<area>/<name>/model.yml` beside the `model.c` that holds the actors.
 *
 * Only the description is read here; the C is put through the front end by whoever builds a program of it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { HAZARDS } from '../sim/program.ts';
import { RuleError } from './vocabulary.ts';

/** `name(arg, arg)`: an actor of model.c and the objects it is called with. */
const actor = z.string().regex(/^\w+\([\w, ]*\)$/, 'must be "function(object, …)"');

const cast = {
  /** Function of model.c that runs alone first, where it is not the model's own. */
  setup: z.string().optional(),
  threads: z.array(actor).min(1),
};

/** What is measured of a design. */
const probe = z.strictObject({
  /** The actor that every CPU runs. */
  of: actor,
  /** What one run of it is, for the table: `allocation`. */
  use: z.string(),
  /** Sets the probes of one design apart. */
  title: z.string().optional(),
  setup: z.string().optional(),
  /** Allocations in a loop of one run; such a probe is a long one, of one CPU alone. */
  rounds: z.number().int().positive().optional(),
});

const names = z.array(z.string()).default([]);

const role = z.strictObject({
  /** Which functions these are, in words. */
  about: z.string(),
  /** The function that model.c calls and leaves out: the hole that a patched function fills. */
  plays: z.string(),
  /** What it returns; left out when that says nothing. */
  returns: z.string().optional(),
  /** Parameters that it has, in any place; what else it takes is not known. */
  takes: names,
  /** It takes nothing else. */
  only: z.boolean().optional(),
  /** Fields, as `struct.field`, that a function in this role loads, and that it assigns. */
  reads: names,
  writes: names,
  /** Of each of these it calls one, itself or through others. */
  calls: z.array(z.array(z.string()).min(1)).default([]),
  /** It calls none of these. */
  lacks: names,
  /** Before the patch it called one of these. */
  removes: names,
  /** Nobody in the patch calls these, not even through a helper that is called. */
  uncalled: names,
  /** The hole is filled by callers of the function that the patch left as they were; this actor is what they call. */
  lookup: z.string().optional(),
  /** Before the patch it did not call any of these. */
  adds: names,
  /** Not a whole function but the piece of one that a hunk shows, where no tree has the rest. */
  piece: z.boolean().optional(),
  /** Words of its comment or its name that make it this role. */
  documented: z.string().optional(),
  /** Functions of the kernel that are known to be in this role. */
  functions: names,
  /** `struct.field`: it writes another member of the union that this field is in. */
  overlays: z.string().optional(),
  /** The object of model.c that is the task it runs as. */
  current: z.string().optional(),
  /** Steps inside of its helpers are shown as such, rather than as the calls. */
  inside: z.boolean().optional(),
  /** The actor that calls the hole; without one, the threads of a cast are all there is, and they only illustrate. */
  thread: actor.optional(),
  /** The casts that it is run against, one after the other. */
  against: z
    .array(
      z.strictObject({
        ...cast,
        threads: z.array(actor).default([]),
        /** Only these classes are said of this cast; others come from how the function was cut out. */
        classes: z.array(z.enum(HAZARDS)).optional(),
        /** The finding's title and text; `{fn}` is the function, `{object}` what it is about. */
        title: z.string().optional(),
        says: z.string().optional(),
        /** What the finding rests on besides the source. */
        assumes: z.array(z.string()).default([]),
      }),
    )
    .min(1),
});

const schema = z.strictObject({
  title: z.string(),
  thread: z.strictObject({ subject: z.string(), list: z.string(), date: z.coerce.string() }),
  about: z.string(),
  /** Applies even where the source does not show the structures: this is how the kernel is. */
  default: z.boolean().optional(),
  /** Function of model.c that runs alone first. */
  setup: z.string(),
  designs: z.record(
    z.string().regex(/^[A-Z]\w*$/),
    z.strictObject({
      title: z.string(),
      ...cast,
      /** What else has to be true for the verdict to hold. */
      assumes: z.array(z.string()).optional(),
      cost: z.array(probe).optional(),
    }),
  ),
  roles: z.record(z.string(), role),
});

export type ModelDescription = z.infer<typeof schema>;
export type Design = ModelDescription['designs'][string];
export type Probe = z.infer<typeof probe>;
export type Role = z.infer<typeof role>;
export type RoleCast = Role['against'][number];
/** Who runs, and what runs before. */
export type Cast = { setup?: string | undefined; threads: string[] };

export interface HazardModel extends ModelDescription {
  /** `area/name`. */
  id: string;
  /** Path of model.c, and its text. */
  file: string;
  source: string;
}

/**
 * Every model of a rules directory, by id.
 * @throws RuleError naming the file for a description that does not fit.
 */
export function loadModels(rulesDir: string): HazardModel[] {
  const root = join(rulesDir, 'models');
  const models: HazardModel[] = [];
  for (const area of readdirSync(root).sort()) {
    for (const name of readdirSync(join(root, area)).sort()) {
      const dir = join(root, area, name);
      if (!existsSync(join(dir, 'model.yml'))) continue;
      models.push(loadModel(dir, `${area}/${name}`, relative(rulesDir, dir)));
    }
  }
  return models;
}

function loadModel(dir: string, id: string, shown: string): HazardModel {
  const file = join(dir, 'model.yml');
  const doc = parseDocument(readFileSync(file, 'utf8'));
  const broken = doc.errors[0];
  if (broken !== undefined)
    throw new RuleError(file, broken.linePos?.[0].line ?? 1, broken.message.split('\n')[0]!);
  const parsed = schema.safeParse(doc.toJS());
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new RuleError(file, 1, `${issue.path.join('.')}: ${issue.message}`);
  }
  const source = join(dir, 'model.c');
  if (!existsSync(source)) throw new RuleError(file, 1, 'there is no model.c beside it');
  return { ...parsed.data, id, file: join(shown, 'model.c'), source: readFileSync(source, 'utf8') };
}
