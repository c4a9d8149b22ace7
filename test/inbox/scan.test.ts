/** Every kind of source: each mail is handled once, what comes later is found, a second reading does nothing. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  EVERYTHING,
  type Filter,
  isComplete,
  openMailSource,
  Scanner,
  type ScanOptions,
  type SeriesRecord,
} from '../../src/inbox/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { mbox } from '../patch/samples.ts';
import { Archive, makeMail, makeSeries, scratch } from './mails.ts';

function options(filter: Partial<Filter> = {}): ScanOptions {
  return {
    filter: { ...EVERYTHING, ...filter },
    own: new Set(['bot@lockstep.example']),
    settle: 0,
    patience: 1000,
    now: () => Date.UTC(2026, 5, 1),
  };
}

async function read(store: Store, path: string, filter: Partial<Filter> = {}) {
  const result = await new Scanner(store).scan(openMailSource(path), options(filter));
  return { mails: result.mails, duplicates: result.duplicates, ...Object.fromEntries(result.counts) };
}

async function seriesIn(store: Store): Promise<SeriesRecord[]> {
  return (await store.records('series')).map((each) => each.body as SeriesRecord);
}

const five = makeSeries('mm: ponds', 4).map(makeMail);

test('public-inbox: incremental, over epochs, with mails taken away', async (t) => {
  const directory = scratch(t);
  const archive = new Archive(join(directory, 'list'));
  const store = await openStore(join(directory, 's.db'));
  t.after(() => store.close());
  assert.deepEqual(await read(store, archive.path), { mails: 0, duplicates: 0 });
  archive.add(five.slice(0, 2));
  assert.deepEqual(await read(store, archive.path), { mails: 2, duplicates: 0, cover: 1, patch: 1 });
  assert.deepEqual(await read(store, archive.path), { mails: 0, duplicates: 0 });
  archive.add([five[2]!, null, five[1]!]);
  archive.epoch(1);
  archive.add(five.slice(3), 1);
  assert.deepEqual(await read(store, archive.path), { mails: 5, duplicates: 1, patch: 3, deleted: 1 });
  assert.deepEqual(await read(store, archive.path), { mails: 0, duplicates: 0 });
  const [series, ...others] = await seriesIn(store);
  assert.ok(isComplete(series!) && others.length === 0);
  assert.equal((await store.jobs('review')).get('queued'), 1);
});

test('public-inbox: history that was rewritten is read again, and nothing is handled twice', async (t) => {
  const directory = scratch(t);
  const archive = new Archive(join(directory, 'list'));
  const store = await openStore(join(directory, 's.db'));
  t.after(() => store.close());
  archive.add(five.slice(0, 3));
  await read(store, archive.path);
  const again = new Archive(join(directory, 'other'));
  again.add([...five].reverse());
  renameSync(archive.path, join(directory, 'old'));
  renameSync(again.path, archive.path);
  assert.deepEqual(await read(store, archive.path), { mails: 5, duplicates: 3, patch: 2 });
});

test('mbox: what is appended is found; another file of that name is read from its start', async (t) => {
  const directory = scratch(t);
  const file = join(directory, 'list.mbox');
  const store = await openStore(join(directory, 's.db'));
  t.after(() => store.close());
  writeFileSync(file, mbox(...five.slice(0, 3)));
  assert.deepEqual(await read(store, file), { mails: 3, duplicates: 0, cover: 1, patch: 2 });
  appendFileSync(file, mbox(five[3]!));
  assert.deepEqual(await read(store, file), { mails: 1, duplicates: 0, patch: 1 });
  assert.deepEqual(await read(store, file), { mails: 0, duplicates: 0 });
  writeFileSync(file, mbox(five[4]!, five[0]!));
  assert.deepEqual(await read(store, file), { mails: 2, duplicates: 1, patch: 1 });
  const [series] = await seriesIn(store);
  assert.ok(isComplete(series!));
});

test('Maildir: a file that is moved and renamed is the same mail', async (t) => {
  const directory = scratch(t);
  const maildir = join(directory, 'Maildir');
  for (const folder of ['new', 'cur', 'tmp']) mkdirSync(join(maildir, folder), { recursive: true });
  const store = await openStore(join(directory, 's.db'));
  t.after(() => store.close());
  writeFileSync(join(maildir, 'new', '1.a.host'), five[0]!);
  writeFileSync(join(maildir, 'new', '2.b.host'), five[1]!);
  assert.deepEqual(await read(store, maildir), { mails: 2, duplicates: 0, cover: 1, patch: 1 });
  renameSync(join(maildir, 'new', '1.a.host'), join(maildir, 'cur', '1.a.host:2,S'));
  writeFileSync(join(maildir, 'new', '3.c.host'), five[2]!);
  assert.deepEqual(await read(store, maildir), { mails: 1, duplicates: 0, patch: 1 });
});

test('the same mail from two lists is handled once', async (t) => {
  const directory = scratch(t);
  const [one, two] = ['one', 'two'].map((name) => new Archive(join(directory, name)));
  const store = await openStore(join(directory, 's.db'));
  t.after(() => store.close());
  one!.add(five.slice(0, 3));
  two!.add(five);
  await read(store, one!.path);
  assert.deepEqual(await read(store, two!.path), { mails: 5, duplicates: 3, patch: 2 });
  assert.equal((await seriesIn(store)).length, 1);
});

test('two workers on one source handle each mail once between them', async (t) => {
  const directory = scratch(t);
  const archive = new Archive(join(directory, 'list'));
  const works = Array.from({ length: 30 }, (_, i) =>
    makeSeries(`mm: pond number ${i}`, 3, { minute: i }).map(makeMail),
  );
  archive.add(works.flat());
  const stores = await Promise.all([1, 2].map(() => openStore(join(directory, 's.db'))));
  t.after(() => Promise.all(stores.map((store) => store.close())));
  const results = await Promise.all(stores.map((store) => read(store, archive.path)));
  assert.equal(
    results.reduce((sum, each) => sum + each.mails, 0),
    120,
  );
  assert.equal((await seriesIn(stores[0]!)).filter(isComplete).length, 30);
  assert.equal((await stores[0]!.jobs('review')).get('queued'), 30);
});

test('robots, answers, refused mails and filters: each mail has its place and its reason', async (t) => {
  const directory = scratch(t);
  const archive = new Archive(join(directory, 'list'));
  const store = await openStore(join(directory, 's.db'));
  t.after(() => store.close());
  const patch = { subject: '[PATCH] mm: one pond' };
  archive.add([
    makeMail({ ...patch, id: 'robot', from: 'tip-bot2 for Ada <tip-bot2@linutronix.de>' }),
    makeMail({ ...patch, id: 'auto', headers: 'Auto-Submitted: auto-generated\n' }),
    makeMail({ ...patch, id: 'own', from: 'Lockstep <bot@lockstep.example>' }),
    makeMail({ ...patch, id: 'ours', headers: 'X-Lockstep: 0.1.0\n' }),
    makeMail({ subject: 'Re: [PATCH] mm: one pond', id: 'talk', parent: 'x', body: '> +\tx();\n\nWhy?\n' }),
    makeMail({
      subject: 'Re: [PATCH] mm: one pond',
      id: 'inline',
      parent: 'x',
      body: 'Better:\n\n-- >8 --\nFrom: Ada <ada@example.org>\nSubject: mm: drain\n\nText.\n---\ndiff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n',
    }),
    makeMail({ ...patch, id: 'elsewhere', from: 'Bob <bob@example.org>' }),
    makeMail({ subject: 'A question', id: 'other', body: 'Who?\n' }),
    Buffer.from([0, 1, 2, 3, 255]),
    '',
  ]);
  assert.deepEqual(await read(store, archive.path, { authors: ['ada@example.org'] }), {
    mails: 10,
    duplicates: 0,
    robot: 4,
    reply: 1,
    inline: 1,
    filtered: 1,
    other: 1,
    refused: 2,
  });
  const refused = (await store.records('mail', { tag: 'refused' })).map(
    (each) => (each.body as { reason: string }).reason,
  );
  assert.deepEqual(refused.sort(), ['empty', 'no mail headers']);
});

test('a name that is no source is refused in one line', (t) => {
  const directory = scratch(t);
  assert.throws(() => openMailSource(join(directory, 'none')), /no such file or directory/);
  assert.throws(() => openMailSource(directory), /neither a public-inbox archive/);
});
