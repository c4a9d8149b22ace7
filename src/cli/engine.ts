/**
 * Starts the engine: rules and checker are loaded here and only when a command needs them, so that reading
 * and refusing input stays quick.
 */
import { fileURLToPath } from 'node:url';
import type { Reviewed } from '../check/index.ts';
import type { PatchSeries } from '../patch/index.ts';
import type { Source } from '../source/index.ts';
import { VERSION } from './version.ts';

/** The rules that come with Lockstep, two folders up from src/cli and from dist/cli alike. */
export const RULES = fileURLToPath(new URL('../../rules', import.meta.url));

/**
 * Reviews a series with the rules that come with Lockstep.
 * @param config a .config file for the tree
 * @throws InputError when it cannot be read
 */
export async function runReview(series: PatchSeries, source: Source, config?: string): Promise<Reviewed> {
  const [{ reviewSeries }, { loadRules }] = await Promise.all([
    import('../check/index.ts'),
    import('../rules/index.ts'),
  ]);
  const read = config === undefined ? undefined : (await import('./understand.ts')).readConfig(config);
  return reviewSeries(series, source, loadRules(RULES), VERSION, read);
}
