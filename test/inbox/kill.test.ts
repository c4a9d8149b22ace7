/** Workers that are killed at any moment neither lose a mail nor handle one twice: SQLite, and PostgreSQL with two workers. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Server, startPostgres } from '../store/postgres.ts';
import { feedAndKill, type Outcome } from './kill.ts';
import { Archive, scratch } from './mails.ts';

const SERIES = 8;
const PATCHES = 3;

function everythingOnce(outcome: Outcome): void {
  assert.deepEqual(
    [...outcome.mails],
    [
      ['cover', SERIES],
      ['patch', SERIES * PATCHES],
    ],
    outcome.outputs,
  );
  assert.deepEqual(outcome.members, Array(SERIES).fill(PATCHES));
  assert.equal(outcome.complete, SERIES);
  assert.equal(outcome.reviews, SERIES, outcome.outputs);
  assert.equal(outcome.jobs.get('failed') ?? 0, 0, outcome.outputs);
  assert.equal(outcome.jobs.get('done'), SERIES, outcome.outputs);
  assert.equal(outcome.replies, SERIES * PATCHES);
  assert.equal(outcome.files, SERIES * PATCHES);
}

test('killed while an archive is fed: SQLite', async (t) => {
  const directory = scratch(t);
  const archive = new Archive(join(directory, 'list'));
  const deliver = (mails: string[]) => archive.add(mails);
  everythingOnce(
    await feedAndKill({
      directory,
      archive: archive.path,
      place: join(directory, 's.db'),
      workers: 1,
      series: SERIES,
      patches: PATCHES,
      kills: 4,
      deliver,
    }),
  );
});

let server: Server;
before(async () => {
  server = await startPostgres();
});
after(() => server?.stop());

test('killed while an archive is fed: PostgreSQL, two workers', async (t) => {
  const directory = scratch(t);
  const archive = new Archive(join(directory, 'list'));
  const deliver = (mails: string[]) => archive.add(mails);
  const place = await server.database('killed');
  everythingOnce(
    await feedAndKill({
      directory,
      archive: archive.path,
      place,
      workers: 2,
      series: SERIES,
      patches: PATCHES,
      kills: 4,
      deliver,
    }),
  );
});
