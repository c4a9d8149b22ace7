/** Runs SPIN on a Promela model in a directory of its own: whether its verifier finds an error. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SpinResult {
  errors: number;
  states: number;
  transitions: number;
  /** Milliseconds of the verifier alone, and of `spin -a`, the compiler and the verifier. */
  pan: number;
  all: number;
}

/** Runs a program to its end; its output, whatever its exit status. */
function run(command: string, args: string[], cwd: string): Promise<{ stdout: string; status: number }> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number')
        reject(new Error(`${command} cannot be run (Debian packages spin and gcc): ${error.message}`));
      else resolve({ stdout: stdout + stderr, status: Number(error?.code ?? 0) });
    });
  });
}

/** `repeat` times the verifier, and the fastest of them. */
export async function runSpin(model: string, flags: string[] = [], repeat = 1): Promise<SpinResult> {
  const dir = mkdtempSync(join(tmpdir(), 'lockstep-spin-'));
  const begin = performance.now();
  try {
    writeFileSync(join(dir, 'model.pml'), model);
    const spin = await run('spin', ['-a', 'model.pml'], dir);
    if (spin.status !== 0) throw new Error(`spin -a failed:\n${spin.stdout}`);
    const cc = await run(
      'cc',
      ['-O2', '-w', '-DVECTORSZ=16384', '-DSAFETY', ...flags, '-o', 'pan', 'pan.c'],
      dir,
    );
    if (cc.status !== 0) throw new Error(`cc failed:\n${cc.stdout}`);
    const compiled = performance.now();
    let pan = Number.POSITIVE_INFINITY;
    let stdout = '';
    for (let n = 0; n < repeat; n++) {
      const start = performance.now();
      ({ stdout } = await run('./pan', ['-m200000'], dir));
      pan = Math.min(pan, performance.now() - start);
    }
    const number = (re: RegExp) => Number(re.exec(stdout)?.[1] ?? Number.NaN);
    if (/max search depth too small|out of memory/.test(stdout))
      throw new Error(`pan did not finish:\n${stdout}`);
    return {
      errors: number(/errors: (\d+)/),
      states: number(/([\d.e+]+) states, stored/),
      transitions: number(/([\d.e+]+) transitions/),
      pan,
      all: compiled - begin + pan,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Does `work` for all items, at most `width` at a time. */
export async function eachOf<T>(items: T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
