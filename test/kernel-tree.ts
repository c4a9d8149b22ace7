/**
 * Debian's kernel sources for tests: LOCKSTEP_TREES names a directory with linux-source-6.1 and
 * linux-source-6.12 unpacked; else /usr/src/linux-source-X.tar.xz is unpacked once into a cache directory.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The directory of a kernel tree. Throws an Error that says how to get one. */
export function kernelTree(version: '6.1' | '6.12'): string {
  const name = `linux-source-${version}`;
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lockstep', 'trees');
  for (const dir of [process.env.LOCKSTEP_TREES, cache]) {
    if (dir && existsSync(join(dir, name, 'mm/mempolicy.c'))) return join(dir, name);
  }
  const archive = `/usr/src/${name}.tar.xz`;
  if (!existsSync(archive))
    throw new Error(
      `no kernel tree: apt-get install ${name}, or set LOCKSTEP_TREES to a directory with ${name}`,
    );
  mkdirSync(cache, { recursive: true });
  const unpacking = mkdtempSync(join(cache, 'unpacking-'));
  execFileSync('tar', ['-xJf', archive, '-C', unpacking]);
  try {
    renameSync(join(unpacking, name), join(cache, name));
  } catch (error) {
    // Another run was faster.
    if (!existsSync(join(cache, name, 'mm/mempolicy.c'))) throw error;
  } finally {
    rmSync(unpacking, { recursive: true, force: true });
  }
  return join(cache, name);
}
