/**
 * The outbox: a directory with one `.eml` for each reply that is not sent. A person may edit a file before it is sent, or
 * delete it, which withdraws the reply. A file that was written once is never written again.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../store/index.ts';
import type { Reply } from './replies.ts';

/** Kept for each file that was written. */
const WRITTEN = 'outbox';

/** Writes the files of replies that have none yet; returns how many. */
export async function writeOutbox(store: Store, directory: string): Promise<number> {
  const replies = await store.records('reply', { tag: 'draft' });
  replies.push(...(await store.records('reply', { tag: 'held' })));
  const done = await store.known(
    WRITTEN,
    replies.map((each) => each.key),
  );
  let count = 0;
  for (const { key, body } of replies.reverse()) {
    if (done.has(key)) continue;
    const reply = body as Reply;
    mkdirSync(directory, { recursive: true });
    const file = join(directory, reply.file);
    // Written before, when the process died between the file and this record.
    if (!existsSync(file)) {
      const temporary = join(directory, `.${reply.file}.${process.pid}`);
      const handle = openSync(temporary, 'w');
      writeSync(handle, reply.text);
      fsyncSync(handle);
      closeSync(handle);
      renameSync(temporary, file);
      count++;
    }
    await store.commit({ records: [{ kind: WRITTEN, key, body: reply.file, keep: true }] });
  }
  return count;
}

/** The reply as it now lies in the outbox; null when somebody deleted it. */
export function readDraft(directory: string, reply: Reply): string | null {
  try {
    return readFileSync(join(directory, reply.file), 'utf8');
  } catch {
    return null;
  }
}
