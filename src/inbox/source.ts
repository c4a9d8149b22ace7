/** Where mails come from: what every kind of source gives, and how a source is told by its name. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { InputError } from '../patch/index.ts';
import { openMaildir } from './maildir.ts';
import { openMbox, openStandardInput } from './mbox.ts';
import { isPublicInbox, openPublicInbox } from './public-inbox.ts';

export interface Incoming {
  /** Null for a mail that was removed from the archive. */
  mail: Buffer | null;
  /** How `MailSource.fetch` finds it again; '' when only now can it be had, so that its text must be kept. */
  where: string;
  /** When the archive got it; null when it does not say. */
  arrived: number | null;
  /** What the source's cursor is once this mail has been handled; null when it has none. */
  cursor: string | null;
  /** A name by which the source knows that it gave this mail already; '' when the cursor tells. */
  mark: string;
}

export interface MailSource {
  /** The same for the same source, whoever opens it. */
  readonly name: string;
  /** How many mails there are behind the cursor, when that is known beforehand. */
  count(cursor: string | null): Promise<number | null>;
  /** Mails behind the cursor, oldest first; `isMarked` tells which marks were handled before. */
  read(cursor: string | null, isMarked: (marks: string[]) => Promise<Set<string>>): AsyncIterable<Incoming>;
  /** Mails read before, by their `where`. */
  fetch(where: string[]): Promise<Buffer[]>;
}

/**
 * Opens a source by its name: a public-inbox archive, a Maildir, a mailbox, or `-` for standard input.
 * @throws InputError when it is none of these.
 */
export function openMailSource(name: string): MailSource {
  if (name === '-') return openStandardInput();
  const path = resolve(name);
  let directory: boolean;
  try {
    directory = statSync(path).isDirectory();
  } catch {
    throw new InputError(name, 0, 'no such file or directory');
  }
  if (!directory) return openMbox(path);
  if (isPublicInbox(path)) return openPublicInbox(path);
  const maildir = openMaildir(path);
  if (maildir) return maildir;
  throw new InputError(name, 0, 'neither a public-inbox archive (git) nor a Maildir (cur, new)');
}
