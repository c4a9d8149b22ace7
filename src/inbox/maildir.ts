/**
 * Reads a Maildir: one file for each mail, in `new` and `cur`. Files are told apart by the part of their name that stays
 * when a mail program moves them; each is read once. Nothing in the directory is changed.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { MailSource } from './source.ts';

const AT_ONCE = 256;

/** Null when the directory is no Maildir. */
export function openMaildir(path: string): MailSource | null {
  if (!existsSync(join(path, 'cur')) || !existsSync(join(path, 'new'))) return null;
  return {
    name: path,
    count: async () => null,
    async *read(_cursor, isMarked) {
      const files = listFiles(path);
      for (let i = 0; i < files.length; i += AT_ONCE) {
        const some = files.slice(i, i + AT_ONCE);
        const done = await isMarked(some.map((file) => file.base));
        for (const file of some) {
          if (done.has(file.base)) continue;
          const mail = readOne(file.path);
          // A mail program may have moved it just now: the next reading finds it.
          if (mail) yield { mail, where: '', arrived: null, cursor: null, mark: file.base };
        }
      }
    },
    fetch: () => Promise.reject(new Error('mails of a Maildir are kept in the store')),
  };
}

function listFiles(path: string): { base: string; path: string }[] {
  return ['new', 'cur']
    .flatMap((folder) =>
      readdirSync(join(path, folder))
        .filter((name) => !name.startsWith('.'))
        .map((name) => ({ base: name.split(':')[0]!, path: join(path, folder, name) })),
    )
    .sort((a, b) => (a.base < b.base ? -1 : 1));
}

function readOne(path: string): Buffer | null {
  try {
    return statSync(path).isFile() ? readFileSync(path) : null;
  } catch {
    return null;
  }
}
