/**
 * Breaks one rule of the core's semantics at a time and sees whether the tests notice: `npm run test:mutants`.
 *
 * Each mutant is one line of one file, given as the text to find and what to put there. The source is copied to a temporary directory, changed there,
 * and the core's tests run on the copy until one fails. A mutant that survives, or whose text is no longer in its file, makes the
 * script fail. Arguments are numbers of mutants to run; without them all are run.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MUTANTS } from './mutant-list.ts';

const root = new URL('../..', import.meta.url).pathname;
/** The quickest first; each is what follows `node --test`. */
const TESTS = [
  ['--test-name-pattern=^(hazards|primitives)', 'test/sim/programs.test.ts'],
  ['test/sim/reduction.test.ts'],
  ['test/sim/oracle.test.ts'],
  ['test/sim/litmus.test.ts'],
  ['test/sim/cost.test.ts'],
  ['--test-name-pattern=^counts', 'test/sim/programs.test.ts'],
  ['test/sim/random.test.ts'],
  ['test/sim/semantics.test.ts'],
];

/** The first test file that fails on the copy, or '' when none does. */
function killer(dir: string): string {
  for (const args of TESTS) {
    const { status } = spawnSync(process.execPath, ['--test', ...args], {
      cwd: dir,
      env: { ...process.env, SIM_PROGRAMS: '400' },
      timeout: 120_000,
      stdio: 'ignore',
    });
    if (status !== 0) return args.at(-1)!;
  }
  return '';
}

const wanted = process.argv.slice(2).map(Number);
let survivors = 0;
const dir = mkdtempSync(join(tmpdir(), 'lockstep-mutants-'));
try {
  for (const part of ['src', 'rules', 'test/sim', 'bench/sim', 'test/kernel-tree.ts', 'package.json']) {
    cpSync(join(root, part), join(dir, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  if (killer(dir) !== '') throw new Error('the tests fail without any mutant');
  for (const [i, mutant] of MUTANTS.entries()) {
    const number = i + 1;
    if (wanted.length > 0 && !wanted.includes(number)) continue;
    const path = join(dir, 'src/sim', mutant.file);
    const original = readFileSync(path, 'utf8');
    if (original.split(mutant.find).length !== 2) {
      console.log(`${number}\tGONE\t${mutant.what}: its text is not exactly once in ${mutant.file}`);
      survivors++;
      continue;
    }
    writeFileSync(
      path,
      original.replace(mutant.find, () => mutant.put),
    );
    const by = killer(dir);
    writeFileSync(path, original);
    if (by === '') survivors++;
    console.log(
      `${number}\t${by === '' ? 'SURVIVED' : 'killed'}\t${mutant.what}${by === '' ? '' : ` (${by.replace('test/sim/', '')})`}`,
    );
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
console.log(`${survivors === 0 ? 'all mutants are killed' : `${survivors} survived`}`);
process.exitCode = survivors === 0 ? 0 : 1;
