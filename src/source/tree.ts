/**
 * Reads files below one directory and never outside of it: names come from mail.
 *
 * Absolute names, `..`, and symbolic links that lead out are refused as if the file were not there.
 */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { InputError } from '../patch/index.ts';

/** Larger files are not source. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface Tree {
  directory: string;
  /** The file's text, or null when there is no such regular file inside the tree. */
  read(path: string): string | null;
}

/** @throws InputError when `directory` is not a directory that can be read. */
export function openTree(directory: string): Tree {
  let root: string;
  try {
    root = realpathSync(directory);
    if (!statSync(root).isDirectory()) throw new InputError(directory, 0, 'not a directory');
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(directory, 0, reasonOf(error));
  }
  const inside = root.endsWith(sep) ? root : root + sep;
  return {
    directory: root,
    read(path) {
      if (!isSafePath(path)) return null;
      try {
        const real = realpathSync(join(root, path));
        if (!real.startsWith(inside)) return null;
        const stat = statSync(real);
        if (!stat.isFile() || stat.size > MAX_BYTES) return null;
        return readFileSync(real, 'utf8');
      } catch {
        return null;
      }
    },
  };
}

/** True for a relative name that stays below its directory by itself. */
export function isSafePath(path: string): boolean {
  if (path === '' || path.includes('\0') || path.startsWith('/') || path.includes('\\')) return false;
  return !path.split('/').includes('..');
}

/** What went wrong with a file, as people say it. */
export function reasonOf(error: unknown): string {
  switch ((error as { code?: string }).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'no such file or directory';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'is a directory';
    case 'ELOOP':
      return 'too many levels of symbolic links';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
