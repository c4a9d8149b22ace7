/**
 * Index files on disk: one per directory of a tree and configuration. Written beside and renamed, so that
 * parallel runs see a whole file or none; checked when read, so that a damaged one is built again. A cache
 * that cannot be written is no error: the index is then built by each run.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

const MAGIC = 'lockstep-index-12';

/** A file as it was when it was indexed. */
export interface FileRecord {
  path: string;
  /** Size, modification time and inode, as text: when they agree the file is not read. */
  stamp: string;
  /** Of its content. */
  hash: number;
  /** What else is known of it, on one line without tabs. */
  extra?: string;
}

export interface Stored {
  /** Directories with their modification times: when they agree no file came or went. */
  dirs: { path: string; stamp: string }[];
  files: FileRecord[];
  /** Entry lines, those of a file together, and the hash table over them (tree-index.ts). */
  lines: string;
  table: Uint32Array;
}

/** `$XDG_CACHE_HOME/lockstep`, or `~/.cache/lockstep`. */
export function defaultCacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lockstep');
}

/** Where the index of a directory is kept. */
export function cachePath(cacheDir: string, tree: string, group: string, configKey: string): string {
  const hash = createHash('sha1').update(`${tree}\0${group}\0${configKey}`).digest('hex');
  return join(cacheDir, 'c-index', `${hash}.txt`);
}

/** Reads an index; null when there is none, or it is damaged or of another format. */
export function readCache(path: string): Stored | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return null;
  }
  const newline = bytes.indexOf(10);
  const head = bytes.toString('latin1', 0, Math.max(0, newline)).split(' ');
  const body = bytes.subarray(newline + 1);
  if (head[0] !== MAGIC || head[1] !== String(crc32(body))) return null;
  const dirCount = Number(head[2]);
  const fileCount = Number(head[3]);
  const linesAt = Number(head[4]);
  const tableAt = Number(head[5]);
  if (!(dirCount >= 0 && fileCount >= 0 && linesAt >= 0 && tableAt >= linesAt)) return null;
  const records = body.toString('utf8', 0, linesAt).split('\n');
  const dirs = records.slice(0, dirCount).map((line) => {
    const [dir, stamp] = line.split('\t');
    return { path: dir!, stamp: stamp! };
  });
  const files = records.slice(dirCount, dirCount + fileCount).map((line) => {
    const [file, stamp, hash, extra] = line.split('\t');
    return { path: file!, stamp: stamp!, hash: Number(hash), ...(extra ? { extra } : {}) };
  });
  // A copy of its own: the file's bytes need not be aligned.
  const table = new Uint32Array(new Uint8Array(body.subarray(tableAt)).buffer);
  return { dirs, files, lines: body.toString('latin1', linesAt, tableAt), table };
}

/** Writes an index, replacing what was there. */
export function writeCache(path: string, stored: Stored): void {
  const records = [
    ...stored.dirs.map((d) => `${d.path}\t${d.stamp}`),
    ...stored.files.map((f) => `${f.path}\t${f.stamp}\t${f.hash}\t${f.extra ?? ''}`),
    '',
  ].join('\n');
  const head = Buffer.from(records, 'utf8');
  const lines = Buffer.from(stored.lines, 'latin1');
  const { buffer, byteOffset, byteLength } = stored.table;
  const body = Buffer.concat([head, lines, Buffer.from(buffer, byteOffset, byteLength)]);
  const places = `${head.length} ${head.length + lines.length}`;
  const first = `${MAGIC} ${crc32(body)} ${stored.dirs.length} ${stored.files.length} ${places}\n`;
  const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}`;
  try {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(temporary, Buffer.concat([Buffer.from(first), body]));
    renameSync(temporary, path);
  } catch {
    try {
      rmSync(temporary, { force: true });
    } catch {
      // It was never made.
    }
  }
}
