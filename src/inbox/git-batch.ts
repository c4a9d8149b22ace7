/** One `git cat-file --batch` process: objects by name, many at a time, without a process for each. */
import { spawn } from 'node:child_process';

export interface GitObject {
  id: string;
  content: Buffer;
}

export interface Batch {
  /** The objects in the order asked for; null for one that is not there. */
  read(names: string[]): Promise<(GitObject | null)[]>;
  close(): void;
}

export function openBatch(directory: string): Batch {
  const child = spawn('git', ['-C', directory, 'cat-file', '--batch'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let chunks: Buffer[] = [];
  let held = 0;
  let ended: Error | null = null;
  let wake = () => {};
  const stop = (error: Error) => {
    ended ??= error;
    wake();
  };
  child.on('error', stop);
  child.on('close', () => stop(new Error(`git cat-file ended in ${directory}`)));
  child.stdin.on('error', stop);
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    held += chunk.length;
    wake();
  });
  const more = async () => {
    if (ended) throw ended;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  };
  const join = () => {
    if (chunks.length > 1) chunks = [Buffer.concat(chunks)];
    return chunks[0] ?? Buffer.alloc(0);
  };
  /** Takes `length` bytes and one after them. */
  const take = async (length: number): Promise<Buffer> => {
    while (held < length + 1) await more();
    const all = join();
    chunks = [all.subarray(length + 1)];
    held -= length + 1;
    return all.subarray(0, length);
  };
  const line = async (): Promise<string> => {
    for (;;) {
      const end = join().indexOf(10);
      if (end >= 0) return (await take(end)).toString('latin1');
      await more();
    }
  };
  let turn: Promise<unknown> = Promise.resolve();
  const readAll = async (names: string[]): Promise<(GitObject | null)[]> => {
    const objects: (GitObject | null)[] = [];
    for (const _ of names) {
      const head = /^([0-9a-f]{40,64}) \w+ (\d+)$/.exec(await line());
      // Copied: a piece of a large buffer would keep all of it.
      objects.push(head ? { id: head[1]!, content: Buffer.from(await take(Number(head[2]))) } : null);
    }
    return objects;
  };
  return {
    read(names) {
      child.stdin.write(names.map((name) => `${name}\n`).join(''));
      const next = turn.then(() => readAll(names));
      turn = next.catch(() => {});
      return next;
    },
    close() {
      child.stdout.removeAllListeners('data');
      child.stdout.destroy();
      child.kill();
    },
  };
}
