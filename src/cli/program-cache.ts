/**
 * Keeps the programs behind findings, so that `lockstep replay TOKEN` works without the patch at hand.
 *
 * They lie in the user's cache directory under the fingerprint that tokens name. The cache is a convenience:
 * when it cannot be written or read, nothing fails for it.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Programs } from '../check/index.ts';

type Stored = Programs extends Map<string, infer Value> ? Value : never;

/** Keeps the programs with these fingerprints. */
export function keepPrograms(programs: Programs, fingerprints: Iterable<string>): void {
  for (const fingerprint of new Set(fingerprints)) {
    const stored = programs.get(fingerprint);
    if (!stored || !isFingerprint(fingerprint)) continue;
    try {
      mkdirSync(directory(), { recursive: true });
      const path = join(directory(), `${fingerprint}.json`);
      // Written aside and renamed: a parallel run never reads half a file.
      writeFileSync(`${path}.${process.pid}`, JSON.stringify(stored));
      renameSync(`${path}.${process.pid}`, path);
    } catch {
      return;
    }
  }
}

/** The program with this fingerprint; null when it was not kept. */
export function keptProgram(fingerprint: string): Stored | null {
  if (!isFingerprint(fingerprint)) return null;
  try {
    return JSON.parse(readFileSync(join(directory(), `${fingerprint}.json`), 'utf8')) as Stored;
  } catch {
    return null;
  }
}

function directory(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(base, 'lockstep', 'programs');
}

function isFingerprint(text: string): boolean {
  return /^[0-9a-f]{6,64}$/.test(text);
}
