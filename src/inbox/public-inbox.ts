/**
 * Reads a public-inbox archive, version 2: git repositories (epochs) whose every commit adds one mail as the file
 * `m`, or takes one away as `d`. The cursor is the last commit read of each epoch. History that was rewritten
 * (a purge) is read again from its start. A repository that is such an epoch itself is read as epoch 0.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InputError } from '../patch/index.ts';
import { openBatch } from './git-batch.ts';
import type { Incoming, MailSource } from './source.ts';

const run = promisify(execFile);
/** Mails asked for at once; the next are asked for while these are being handled. */
const CHUNK = 64;

interface Epoch {
  number: string;
  directory: string;
}

/** True for an archive's directory: epochs below `git/`, or one epoch. */
export function isPublicInbox(path: string): boolean {
  return epochsOf(path).length > 0;
}

function epochsOf(path: string): Epoch[] {
  const isGit = (directory: string) =>
    existsSync(join(directory, 'objects')) && existsSync(join(directory, 'HEAD'));
  for (const base of [join(path, 'git'), path]) {
    if (!existsSync(base)) continue;
    const numbers = readdirSync(base)
      .filter((name) => /^\d+\.git$/.test(name) && isGit(join(base, name)))
      .map((name) => name.replace('.git', ''))
      .sort((a, b) => Number(a) - Number(b));
    if (numbers.length > 0)
      return numbers.map((number) => ({ number, directory: join(base, `${number}.git`) }));
  }
  for (const directory of [path, join(path, '.git')])
    if (isGit(directory)) return [{ number: '0', directory }];
  return [];
}

export function openPublicInbox(path: string): MailSource {
  return {
    name: path,
    async count(cursor) {
      let total = 0;
      for (const epoch of epochsOf(path))
        total += Number(await git(epoch, 'rev-list', '--count', await range(epoch, cursor)));
      return total;
    },
    async *read(cursor) {
      const position = readCursor(cursor);
      // A new epoch may appear while an archive is followed: they are looked for at every reading.
      for (const epoch of epochsOf(path)) yield* readEpoch(epoch, position, await range(epoch, cursor));
    },
    async fetch(where) {
      const epochs = new Map(epochsOf(path).map((epoch) => [epoch.number, epoch]));
      const mails: Buffer[] = [];
      for (const each of where) {
        const [number, blob] = each.split(':') as [string, string];
        const epoch = epochs.get(number);
        if (!epoch) throw new InputError(path, 0, `epoch ${number} is gone`);
        const { stdout } = await run('git', ['-C', epoch.directory, 'cat-file', 'blob', blob], {
          encoding: 'buffer',
          maxBuffer: 256 * 1024 * 1024,
        });
        mails.push(stdout);
      }
      return mails;
    },
  };
}

function readCursor(cursor: string | null): Record<string, string> {
  return cursor === null ? {} : (JSON.parse(cursor) as Record<string, string>);
}

async function git(epoch: Epoch, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await run('git', ['-C', epoch.directory, ...args], { maxBuffer: 1024 * 1024 * 1024 });
    return stdout.trim();
  } catch (error) {
    const said = String((error as { stderr?: string }).stderr ?? error)
      .trim()
      .split('\n')[0];
    throw new InputError(epoch.directory, 0, `git: ${said}`);
  }
}

/** What `rev-list` is asked for: commits behind the cursor, all when it is no ancestor any more; '' when there are none. */
async function range(epoch: Epoch, cursor: string | null): Promise<string> {
  const last = readCursor(cursor)[epoch.number];
  const tip = await git(epoch, 'rev-parse', '--verify', '--quiet', 'HEAD^{commit}').catch(() => '');
  if (tip === '') return '--max-count=0 --all';
  if (last === undefined) return tip;
  const known = await git(epoch, 'merge-base', '--is-ancestor', last, tip).then(
    () => true,
    () => false,
  );
  return known ? `${last}..${tip}` : tip;
}

async function* readEpoch(
  epoch: Epoch,
  position: Record<string, string>,
  commits: string,
): AsyncIterable<Incoming> {
  if (commits.startsWith('--')) return;
  const list = await git(epoch, 'log', '--reverse', '--format=%H %at', commits);
  if (list === '') return;
  const lines = list.split('\n');
  const batch = openBatch(epoch.directory);
  try {
    const ask = (at: number) =>
      batch.read(lines.slice(at, at + CHUNK).map((line) => `${line.slice(0, line.indexOf(' '))}:m`));
    let asked = ask(0);
    for (let at = 0; at < lines.length; at += CHUNK) {
      const objects = await asked;
      if (at + CHUNK < lines.length) asked = ask(at + CHUNK);
      for (const [i, object] of objects.entries()) {
        const [commit, time] = lines[at + i]!.split(' ') as [string, string];
        position[epoch.number] = commit;
        yield {
          mail: object?.content ?? null,
          where: object ? `${epoch.number}:${object.id}` : '',
          arrived: Number(time) * 1000,
          cursor: JSON.stringify(position),
          mark: '',
        };
      }
    }
  } finally {
    batch.close();
  }
}
