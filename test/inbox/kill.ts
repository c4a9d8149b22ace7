/**
 * Feeds an archive while workers follow it and are killed with -9 at random, and then says what became of every mail. Used
 * by the test with an archive made by git, and by hand with a real public-inbox.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isComplete, type Reply, type SeriesRecord } from '../../src/inbox/index.ts';
import { openStore } from '../../src/store/index.ts';
import { type MailParts, mailTime, makeMail, makeSeries } from './mails.ts';

const LOCKSTEP = fileURLToPath(new URL('../../bin/lockstep.js', import.meta.url));

export interface Feeding {
  directory: string;
  archive: string;
  /** A file or a postgres: address. */
  place: string;
  workers: number;
  series: number;
  /** Patches of each series, its cover letter not counted. */
  patches: number;
  kills: number;
  /** Delivers mails to the archive. */
  deliver(mails: string[]): Promise<void> | void;
}

export interface Outcome {
  mails: Map<string, number>;
  complete: number;
  /** Patches of each series, most first. */
  members: number[];
  reviews: number;
  jobs: Map<string, number>;
  replies: number;
  files: number;
  outputs: string;
}

export async function feedAndKill(feeding: Feeding): Promise<Outcome> {
  // Mails of now: a series that is not complete waits.
  const now = Math.floor((Date.now() - mailTime(0)) / 60_000);
  const works = Array.from({ length: feeding.series }, (_, i) =>
    makeSeries(`mm: pond number ${i} is fed`, feeding.patches, { minute: now - i }).map((parts, n) =>
      withMistake(parts, i, n),
    ),
  );
  const outputs: string[] = [];
  const start = (): ChildProcess => {
    const child = spawn(
      process.execPath,
      [
        LOCKSTEP,
        'inbox',
        'follow',
        '--dir',
        feeding.directory,
        '--store',
        feeding.place,
        '--since',
        '2020-01-01',
        '--settle',
        '1s',
        '--patience',
        '1d',
        '--every',
        '1s',
        feeding.archive,
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (text: Buffer) => outputs.push(String(text)));
    return child;
  };
  const workers = Array.from({ length: feeding.workers }, start);
  const mails = works.flat();
  const lot = Math.ceil(mails.length / feeding.kills);
  let seed = 12345;
  for (let i = 0; i < feeding.kills; i++) {
    await feeding.deliver(mails.slice(i * lot, (i + 1) * lot));
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    await sleep(300 + (seed % 2500));
    const victim = i % workers.length;
    workers[victim]!.kill('SIGKILL');
    await new Promise((done) => workers[victim]!.once('exit', done));
    workers[victim] = start();
  }
  const store = await openStore(feeding.place);
  try {
    const deadline = Date.now() + 100_000;
    for (;;) {
      const open = (await store.jobs('review')).get('queued') ?? 0;
      const running = (await store.jobs('review')).get('running') ?? 0;
      const reviews = (await store.records('review')).length;
      if ((open + running === 0 && reviews >= feeding.series) || Date.now() > deadline) break;
      await sleep(500);
    }
    await sleep(1500);
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(
      workers.map(
        (worker) => new Promise((done) => (worker.exitCode === null ? worker.once('exit', done) : done(0))),
      ),
    );
    const series = (await store.records('series')).map((each) => each.body as SeriesRecord);
    const replies = (await store.records('reply')).map((each) => each.body as Reply);
    const outbox = join(feeding.directory, 'outbox');
    return {
      mails: await store.count('mail'),
      complete: series.filter(isComplete).length,
      members: series.map((each) => Object.keys(each.members).length),
      reviews: (await store.records('review')).length,
      jobs: await store.jobs('review'),
      replies: replies.length,
      files: replies.length === 0 ? 0 : readdirSync(outbox).filter((name) => name.endsWith('.eml')).length,
      outputs: outputs.join(''),
    };
  } finally {
    await store.close();
  }
}

/** A new file whose function returns with its lock held, so that each patch gets a reply. */
function withMistake(parts: MailParts, series: number, n: number): string {
  if (n === 0) return makeMail(parts);
  const lines = [
    'struct pond { spinlock_t lock; int level; };',
    `int pond_${n}(struct pond *p)`,
    '{',
    '\tspin_lock(&p->lock);',
    '\tif (p->level > 3)',
    '\t\treturn -1;',
    '\tp->level++;',
    '\tspin_unlock(&p->lock);',
    '\treturn 0;',
    '}',
  ];
  const name = `mm/pond-${series}-${n}.c`;
  const diff = `diff --git a/${name} b/${name}\nnew file mode 100644\n--- /dev/null\n+++ b/${name}\n@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}\n`).join('')}`;
  return makeMail({
    ...parts,
    body: `Feed the pond.\n\nSigned-off-by: Ada Writer <ada@example.org>\n---\n${diff}-- \n2.39.2\n`,
  });
}
