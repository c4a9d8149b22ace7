/** Runs the command line as a user does, with a cache of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));
const CACHE = mkdtempSync(join(tmpdir(), 'lockstep-cli-'));
after(() => rmSync(CACHE, { recursive: true, force: true }));

export interface Ran {
  status: number | null;
  out: string;
  err: string;
}

/** `lockstep ARGS`, with `input` on standard input. */
export async function lockstep(args: string[], input = '', env: Record<string, string> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [BIN, ...args], {
    env: { ...process.env, XDG_CACHE_HOME: CACHE, ...env },
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, out, err };
}
