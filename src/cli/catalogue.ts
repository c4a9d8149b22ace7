/** What the commands about models share: which rules, which designs a name stands for, and a sign of life. */
import { existsSync } from 'node:fs';
import type { NamedDesign } from '../check/index.ts';
import { InputError } from '../patch/index.ts';
import type { Rules } from '../rules/index.ts';
import { RULES } from './engine.ts';

/** Reads the rules that come with Lockstep, or those of `dir`. */
export async function readRules(dir: string | undefined): Promise<Rules> {
  const { loadRules } = await import('../rules/index.ts');
  if (dir !== undefined && !existsSync(dir)) throw new InputError(dir, 0, 'no such directory');
  if (dir !== undefined && !existsSync(`${dir}/vocabulary`))
    throw new InputError(dir, 0, 'no rules here: a rules directory has vocabulary/, models/ and types.yml');
  return loadRules(dir ?? RULES);
}

/**
 * The designs that names stand for: a design (`A4`), a model (`mempolicy/task-policy`), its last part, or an area.
 * @throws InputError for a name that is none of them.
 */
export function designsNamed(all: NamedDesign[], names: string[]): NamedDesign[] {
  const wanted = names.flatMap((name) => {
    const found = all.filter((each) => isNamed(each, name));
    if (found.length === 0) throw unknownName(all, name);
    return found;
  });
  return all.filter((each) => wanted.includes(each));
}

function isNamed({ model, name: design }: NamedDesign, name: string): boolean {
  const [area, last] = model.id.split('/');
  return design === name || [model.id, area, last].includes(name.replace(/\/$/, ''));
}

export function unknownName(all: NamedDesign[], name: string): InputError {
  const models = [...new Set(all.map(({ model }) => model.id))];
  return new InputError(name, 0, `no model or design has this name; there are ${models.join(', ')}`);
}

/** Says on a terminal what is being done, once a second has passed; `done` wipes it away. */
export class Progress {
  private readonly begin = Date.now();
  private shown = false;

  step(text: string): void {
    if (!process.stderr.isTTY || Date.now() - this.begin < 1000) return;
    process.stderr.write(`\r\x1b[K${text}`);
    this.shown = true;
  }

  done(): void {
    if (this.shown) process.stderr.write('\r\x1b[K');
  }
}
