/**
 * Reads a git repository without a work tree: revisions, and files of a revision through one `git cat-file --batch`
 * for all that are asked for together. Nothing is written to the repository.
 */
import { spawnSync } from 'node:child_process';
import { InputError } from '../patch/index.ts';
import { isSafePath } from './tree.ts';

const MAX_OUTPUT = 1024 * 1024 * 1024;
/** Larger files are not source. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface GitRepository {
  directory: string;
  /** The commit that a name means, null when there is none. */
  commit(name: string): string | null;
  /** When a commit was made, seconds since 1970. */
  date(commit: string): number;
  /** Files of a commit by path; null for what is not there or is no text. */
  files(commit: string, paths: string[]): Map<string, string | null>;
  /** Blob ids of the files below directories of a commit, by path. */
  list(commit: string, directories: string[]): Map<string, string>;
  /** Contents of blobs, in order. */
  blobs(ids: string[]): Buffer[];
}

/** @throws InputError when the directory is no git repository. */
export function openGit(directory: string): GitRepository {
  const git = (args: string[], input = ''): { ok: boolean; out: Buffer } => {
    const result = spawnSync('git', ['-C', directory, ...args], { input, maxBuffer: MAX_OUTPUT });
    if (result.error) throw new InputError(directory, 0, `git: ${result.error.message}`);
    return { ok: result.status === 0, out: result.stdout };
  };
  if (!git(['rev-parse', '--git-dir']).ok) throw new InputError(directory, 0, 'not a git repository');
  const objects = (names: string[]) =>
    parseBatch(git(['cat-file', '--batch'], names.map((name) => `${name}\n`).join('')).out, names.length);
  return {
    directory,
    commit(name) {
      if (name.startsWith('-')) return null;
      const { ok, out } = git(['rev-parse', '--verify', '--quiet', `${name}^{commit}`]);
      return ok ? out.toString().trim() : null;
    },
    date: (commit) => Number(git(['show', '-s', '--format=%ct', commit]).out.toString().trim()),
    files(commit, paths) {
      const safe = paths.filter((path) => isSafePath(path) && !path.includes('\n'));
      const found = objects(safe.map((path) => `${commit}:${path}`));
      const files = new Map<string, string | null>(paths.map((path) => [path, null]));
      for (const [i, path] of safe.entries()) {
        const content = found[i];
        if (content && content.length <= MAX_BYTES) files.set(path, content.toString('utf8'));
      }
      return files;
    },
    list(commit, directories) {
      const { out } = git([
        'ls-tree',
        '-r',
        '-z',
        '--full-tree',
        commit,
        '--',
        ...directories.filter(isSafePath),
      ]);
      const files = new Map<string, string>();
      for (const line of out.toString('utf8').split('\0')) {
        const entry = /^100\d+ blob ([0-9a-f]+)\t(.*)$/s.exec(line);
        if (entry && isSafePath(entry[2]!)) files.set(entry[2]!, entry[1]!);
      }
      return files;
    },
    blobs: (ids) => objects(ids).map((content) => content ?? Buffer.alloc(0)),
  };
}

/** What `cat-file --batch` printed for `count` names; null for a name that is no blob. */
function parseBatch(out: Buffer, count: number): (Buffer | null)[] {
  const objects: (Buffer | null)[] = [];
  let at = 0;
  while (objects.length < count) {
    const end = out.indexOf(10, at);
    if (end < 0) break;
    const head = /^[0-9a-f]{40,64} (\w+) (\d+)$/.exec(out.toString('latin1', at, end));
    at = end + 1;
    if (!head) {
      objects.push(null);
      continue;
    }
    const length = Number(head[2]);
    objects.push(head[1] === 'blob' ? out.subarray(at, at + length) : null);
    at += length + 1;
  }
  return objects;
}
