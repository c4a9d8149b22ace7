/** `lockstep replay`: from a token back to its schedule, every step of it. */
import { InputError, readInputs } from '../patch/index.ts';
import { renderSchedule } from '../report/index.ts';
import { openSource } from '../source/index.ts';
import { runReview } from './engine.ts';
import { EXIT } from './exit.ts';
import { readFiles } from './input.ts';
import { keptProgram } from './program-cache.ts';

export interface ReplayOptions {
  tree?: string;
  config?: string;
  format: 'text' | 'json';
}

/**
 * Replays with the program of a review of `files`, or without files with the one that an earlier review kept.
 *
 * @throws InputError when the token cannot be read or its program is not there.
 */
export async function replay(token: string, files: string[], options: ReplayOptions): Promise<void> {
  const { programOf, replayToken } = await import('../check/index.ts');
  const fingerprint = programOf(token);
  if (fingerprint === null) throw new InputError(token, 0, 'not a token that a review printed');
  const program =
    files.length === 0 ? keptProgram(fingerprint) : await findProgram(fingerprint, files, options);
  if (!program) {
    const where =
      files.length === 0
        ? 'no review on this machine kept it; name the patch too'
        : 'the patch does not have it, or has changed';
    throw new InputError(token, 0, `the program of this token is not here: ${where}`);
  }
  const schedule = replayToken(token, program);
  process.stdout.write(
    options.format === 'json' ? `${JSON.stringify(schedule, null, 2)}\n` : renderSchedule(schedule),
  );
  process.exitCode = EXIT.clean;
}

async function findProgram(fingerprint: string, files: string[], options: ReplayOptions) {
  const series = await readInputs(await readFiles(files));
  const source = openSource(options.tree === undefined ? { series } : { tree: options.tree, series });
  const { programs } = await runReview(series, source, options.config);
  return programs.get(fingerprint);
}
