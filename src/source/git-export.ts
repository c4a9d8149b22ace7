/**
 * Lays out, in the cache, the parts of a commit in which callees, types and macros are looked for: an indexed
 * tree needs files. One directory is used again for the next commit, and only files that differ are written, so
 * that what was indexed stays indexed. Processes that work at once each take a directory of their own.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { GitRepository } from './git.ts';

/** Where the kernel keeps what mm code uses. */
const DIRECTORIES = [
  'mm',
  'kernel',
  'ipc',
  'lib',
  'fs',
  'include',
  'arch/x86/include',
  'arch/x86/mm',
  'Makefile',
];
/** Of file systems, only the common code and these. */
const FILE_SYSTEMS = /^fs\/(?:[^/]+|hugetlbfs\/.*|proc\/.*)$/;
const AT_ONCE = 1000;
const MAX_SLOTS = 64;

export interface ExportedTree {
  directory: string;
  /** Lets others use the directory. */
  release(): void;
}

/** Lays out a commit with the directories of `paths` beside the usual ones. */
export function exportTree(git: GitRepository, commit: string, paths: string[]): ExportedTree {
  const id = createHash('sha1').update(realpathSync(git.directory)).digest('hex').slice(0, 16);
  const base = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lockstep', 'trees', id);
  mkdirSync(base, { recursive: true });
  const slot = takeSlot(base);
  const directory = join(base, slot.name);
  mkdirSync(directory, { recursive: true });
  const list = join(base, `${slot.name}.files`);
  const before = readList(list);
  const touched = [...new Set(paths.map(dirname))].filter((dir) => dir !== '.');
  const wanted = git.list(commit, [...DIRECTORIES, ...touched, ...paths]);
  for (const path of wanted.keys()) {
    const foreign = path.startsWith('fs/') && !FILE_SYSTEMS.test(path) && !touched.includes(dirname(path));
    if (foreign || !/(?:\.[ch]|Makefile)$/.test(path)) wanted.delete(path);
  }
  // While files change, nothing is claimed about them.
  rmSync(list, { force: true });
  for (const path of before.keys()) if (!wanted.has(path)) rmSync(join(directory, path), { force: true });
  const stale = [...wanted].filter(([path, blob]) => before.get(path) !== blob);
  for (let i = 0; i < stale.length; i += AT_ONCE) {
    const some = stale.slice(i, i + AT_ONCE);
    const contents = git.blobs(some.map(([, blob]) => blob));
    for (const [k, [path]] of some.entries()) {
      const file = join(directory, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, contents[k]!);
    }
  }
  writeFileSync(list, [...wanted].map(([path, blob]) => `${blob} ${path}\n`).join(''));
  return { directory, release: slot.release };
}

function readList(file: string): Map<string, string> {
  try {
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return new Map(
      lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]),
    );
  } catch {
    return new Map();
  }
}

/** The first directory that no living process holds. */
function takeSlot(base: string): { name: string; release(): void } {
  for (let i = 0; i < MAX_SLOTS; i++) {
    const lock = join(base, `${i}.lock`);
    try {
      const file = openSync(lock, 'wx');
      writeSync(file, String(process.pid));
      closeSync(file);
      const release = () => rmSync(lock, { force: true });
      process.once('exit', release);
      return {
        name: String(i),
        release() {
          process.off('exit', release);
          release();
        },
      };
    } catch {
      if (isAbandoned(lock)) {
        rmSync(lock, { force: true });
        i--;
      }
    }
  }
  throw new Error(`${base}: all ${MAX_SLOTS} directories are in use`);
}

function isAbandoned(lock: string): boolean {
  try {
    const holder = Number(readFileSync(lock, 'utf8'));
    if (holder === 0) return false;
    process.kill(holder, 0);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'ESRCH';
  }
}
