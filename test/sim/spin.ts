/** Runs SPIN on a Promela model in a directory of its own: whether its verifier finds an error. */
import { execFileSync, spawnSync } from 'node:child_process';
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

export function runSpin(model: string, flags: string[] = []): SpinResult {
  const dir = mkdtempSync(join(tmpdir(), 'lockstep-spin-'));
  const begin = performance.now();
  try {
    writeFileSync(join(dir, 'model.pml'), model);
    const spin = spawnSync('spin', ['-a', 'model.pml'], { cwd: dir, encoding: 'utf8' });
    if (spin.error) throw new Error('spin is not installed: apt-get install spin');
    if (spin.status !== 0) throw new Error(`spin -a failed:\n${spin.stdout}${spin.stderr}`);
    execFileSync('cc', ['-O2', '-w', '-DVECTORSZ=16384', '-DSAFETY', ...flags, '-o', 'pan', 'pan.c'], {
      cwd: dir,
    });
    const compiled = performance.now();
    const { stdout } = spawnSync('./pan', ['-m200000'], { cwd: dir, encoding: 'utf8', maxBuffer: 1 << 26 });
    const end = performance.now();
    const number = (re: RegExp) => Number(re.exec(stdout)?.[1] ?? Number.NaN);
    if (/max search depth too small|out of memory/.test(stdout))
      throw new Error(`pan did not finish:\n${stdout}`);
    return {
      errors: number(/errors: (\d+)/),
      states: number(/([\d.e+]+) states, stored/),
      transitions: number(/([\d.e+]+) transitions/),
      pan: end - compiled,
      all: end - begin,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
