/** Exit statuses, and how errors end a command: one line on standard error, never a stack unless asked for. */
import { InputError } from '../patch/index.ts';

export const EXIT = {
  /** Nothing at or above `--fail-on`. */
  clean: 0,
  findings: 1,
  badInput: 2,
  internal: 3,
} as const;

/** Says what went wrong and sets the exit status. */
export function reportError(error: unknown): void {
  if (error instanceof InputError) {
    process.stderr.write(`${error.describe()}\n`);
    process.exitCode = EXIT.badInput;
    return;
  }
  // A wrong rule, or a token that does not fit: their own words say where.
  if (error instanceof Error && /^(?:Rule|Replay)Error$/.test(error.constructor.name)) {
    process.stderr.write(`lockstep: ${error.message}\n`);
    process.exitCode = EXIT.badInput;
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `lockstep: internal error: ${message.split('\n')[0]}; please report it with the input that caused it (LOCKSTEP_DEBUG=1 shows where)\n`,
  );
  if (process.env.LOCKSTEP_DEBUG === '1' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = EXIT.internal;
}
