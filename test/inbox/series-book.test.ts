/** Mails in any order become the series that were sent, and never a mixture of two. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readHead } from '../../src/inbox/headers.ts';
import {
  isComplete,
  missingOf,
  SeriesBook,
  type SeriesRecord,
  stemOf,
  titleOf,
} from '../../src/inbox/series-book.ts';
import { idOf, type MailParts, mailTime, makeMail, makeSeries } from './mails.ts';

function assembled(mails: MailParts[]): SeriesRecord[] {
  const book = new SeriesBook();
  const found = new Map<string, SeriesRecord>();
  for (const parts of mails) {
    const head = readHead(Buffer.from(makeMail(parts)));
    assert.ok(!('refused' in head));
    const series = book.add(head, head.messageId, '', mailTime(parts.minute ?? 0));
    found.set(series.key, series);
  }
  return [...found.values()];
}

function shape(series: SeriesRecord[]): string[] {
  return series
    .map(
      (each) =>
        `v${each.version} ${each.cover ? 'cover ' : ''}${Object.keys(each.members).join()} of ${each.total}`,
    )
    .sort();
}

test('a series in any order, its cover letter late or never', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(makeSeries('mm: ponds', 5), { minLength: 1 }), (mails) => {
      const [series, ...others] = assembled(mails);
      assert.deepEqual(others, []);
      const there = mails.filter((each) => !/ 0\//.test(each.subject)).length;
      assert.equal(missingOf(series!).length, 5 - there);
      assert.equal(
        series!.cover !== null,
        mails.some((each) => / 0\//.test(each.subject)),
      );
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('versions and works that come mixed are kept apart', () => {
  const all = [
    makeSeries('mm: ponds', 3),
    makeSeries('mm: ponds', 3, { version: 2, minute: 50 }),
    makeSeries('mm: brooks', 3, { minute: 10 }),
    makeSeries('mm: ponds', 3, { tag: 'PATCH RESEND', minute: 30 }),
    makeSeries('mm: ponds', 3, { author: 'Bob <bob@example.org>', minute: 31 }),
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(all.flat(), { minLength: all.flat().length }), (mails) => {
      const series = assembled(mails);
      assert.equal(series.length, all.length);
      assert.ok(series.every(isComplete));
    }),
    { seed: 7, numRuns: 200 },
  );
});

test('without stems: threads, and mails that were sent without one', () => {
  const plain = (n: number, parent?: string): MailParts => ({
    subject: `[PATCH ${n}/3] mm: plain part ${n}`,
    ...(parent ? { parent } : {}),
  });
  const cover = idOf('[PATCH 0/3] mm: plain part 0');
  assert.deepEqual(shape(assembled([plain(0), plain(1, cover), plain(3, cover), plain(2, cover)])), [
    'v1 cover 1,2,3 of 3',
  ]);
  // Each answers the one before.
  const chain = [1, 2, 3].map((n) =>
    plain(n, n > 1 ? idOf(`[PATCH ${n - 1}/3] mm: plain part ${n - 1}`) : undefined),
  );
  assert.deepEqual(shape(assembled(chain)), ['v1 1,2,3 of 3']);
  assert.deepEqual(shape(assembled([chain[2]!, chain[0]!, chain[1]!])), ['v1 1,2,3 of 3']);
  assert.deepEqual(shape(assembled([plain(1), plain(2), plain(3)])), ['v1 1,2,3 of 3']);
  // Two days later it is another work.
  assert.deepEqual(shape(assembled([plain(1), { ...plain(2), minute: 3000 }])), ['v1 1 of 3', 'v1 2 of 3']);
});

test('a new version replaces the old one, whichever comes first, and an RFC is older than what came of it', () => {
  const one = makeSeries('mm: ponds', 2);
  const two = makeSeries('mm: ponds', 1, { version: 2, minute: 60 });
  for (const mails of [
    [...one, ...two],
    [...two, ...one],
  ]) {
    const series = assembled(mails);
    const [older, newer] = [1, 2].map((version) => series.find((each) => each.version === version)!);
    assert.equal(older!.supersededBy, newer!.key);
    assert.equal(newer!.supersedes, older!.key);
    assert.equal(newer!.supersededBy, '');
  }
  const rfc = makeSeries('mm: ponds', 2, { version: 3, tag: 'RFC PATCH' });
  const real = assembled([...rfc, ...makeSeries('mm: ponds', 2, { minute: 90 })]);
  assert.equal(real[0]!.supersededBy, real[1]!.key);
});

test('a version in reply to the old one, and a bonus patch', () => {
  const one = makeSeries('mm: ponds', 2);
  const two = makeSeries('mm: ponds', 2, { version: 2, minute: 60 });
  two[0] = { ...two[0]!, parent: one[0]!.id! };
  const bonus = { subject: '[PATCH 3/2] mm: ponds: one more thing', parent: one[0]!.id!, minute: 9 };
  assert.deepEqual(shape(assembled([...one, bonus, ...two])), ['v1 cover 1,2,3 of 2', 'v2 cover 1,2 of 2']);
});

test('a stored book goes on where it was', () => {
  const mails = makeSeries('mm: ponds', 4);
  const before = assembled(mails.slice(0, 2));
  const book = new SeriesBook();
  book.load(JSON.parse(JSON.stringify(before)) as SeriesRecord[]);
  for (const parts of mails.slice(2)) {
    const head = readHead(Buffer.from(makeMail(parts)));
    assert.ok(!('refused' in head));
    assert.equal(book.add(head, head.messageId, '', mailTime(0)).key, before[0]!.key);
  }
  const [series] = book.takeChanged();
  assert.ok(isComplete(series!));
  assert.equal(titleOf(series!), 'mm: ponds');
});

for (const [id, stem] of [
  ['20230109205336.3665937-12-ada@example.org', '20230109205336.3665937-ada@example.org'],
  ['cover.1562283944.git.ada@example.org', '1562283944.git.ada@example.org'],
  [
    '0123456789abcdef0123456789abcdef01234567.1562283944.git.ada@example.org',
    '1562283944.git.ada@example.org',
  ],
  ['20240911-work-on-it-v2-3-b0d3f33ccfe0@example.org', '20240911-work-on-it-v2-b0d3f33ccfe0@example.org'],
  ['87abc@example.org', ''],
] as const)
  test(`stem of ${id}`, () => assert.equal(stemOf(id), stem));
