/** From messages to a series: order, covers, versions, what is missing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readInputs, readSeries } from '../../src/patch/index.ts';
import { parseSubject } from '../../src/patch/subject.ts';
import { mail, mbox } from './samples.ts';

const COVER = mail('[PATCH v2 0/3] mm: ponds', 'Three patches about ponds.\n');

function titles(series: { patches: { subject: string }[] }): string[] {
  return series.patches.map((patch) => patch.subject);
}

test('patches of a mailbox come in their order, the cover may come late', async () => {
  const series = await readSeries(
    mbox(mail('[PATCH v2 3/3] mm: c'), mail('[PATCH v2 1/3] mm: a'), COVER, mail('[PATCH v2 2/3] mm: b')),
    's.mbox',
  );
  assert.deepEqual(titles(series), ['mm: a', 'mm: b', 'mm: c']);
  assert.equal(series.subject, 'mm: ponds');
  assert.match(series.cover, /Three patches/);
  assert.equal(series.version, 2);
  assert.deepEqual(series.skipped, []);
});

test('of two versions the newer is read, and the older named', async () => {
  const series = await readSeries(
    mbox(mail('[PATCH 1/2] mm: a'), mail('[PATCH 2/2] mm: gone'), mail('[PATCH v2] mm: a')),
    's',
  );
  assert.deepEqual(titles(series), ['mm: a']);
  assert.equal(series.patches[0]!.version, 2);
  assert.deepEqual(
    series.skipped.map((each) => each.reason),
    [
      '"[PATCH 1/2] mm: a" is superseded by a newer version',
      '"[PATCH 2/2] mm: gone" is superseded by a newer version',
    ],
  );
});

test('unrelated patches of different versions are all read', async () => {
  const series = await readSeries(mbox(mail('[PATCH v3] mm: a'), mail('[PATCH] mm: b')), 's');
  assert.deepEqual(titles(series), ['mm: a', 'mm: b']);
});

test('a patch in a reply is left out when there is one that was sent', async () => {
  const series = await readSeries(mbox(mail('[PATCH] mm: a'), mail('Re: [PATCH] mm: a')), 's');
  assert.equal(series.patches.length, 1);
  assert.match(series.skipped[0]!.reason, /a patch inside a reply/);
  const alone = await readSeries(mail('Re: [PATCH] mm: a'), 's');
  assert.equal(alone.patches.length, 1);
});

test('numbers that are missing are named, a lone patch of a series is not', async () => {
  const gap = await readSeries(mbox(mail('[PATCH 1/4] mm: a'), mail('[PATCH 3/4] mm: c')), 's');
  assert.deepEqual(gap.skipped, [{ file: '', reason: 'not in the input: patch 2, 4 of 4' }]);
  assert.deepEqual((await readSeries(mail('[PATCH 3/4] mm: c'), 's')).skipped, []);
});

test('a message that is there twice is read once', async () => {
  const series = await readSeries(mbox(mail('[PATCH] mm: a'), mail('[PATCH] mm: a')), 's');
  assert.equal(series.patches.length, 1);
});

test('several files are one series, a cover letter among them', async () => {
  const series = await readInputs([
    { content: COVER, name: '0000-cover-letter.patch' },
    { content: mail('[PATCH v2 2/3] mm: b'), name: '0002-b.patch' },
    { content: mail('[PATCH v2 1/3] mm: a'), name: '0001-a.patch' },
    { content: mail('[PATCH v2 3/3] mm: c'), name: '0003-c.patch' },
  ]);
  assert.deepEqual(titles(series), ['mm: a', 'mm: b', 'mm: c']);
  await assert.rejects(
    readInputs([
      { content: mail('[PATCH] mm: a'), name: 'a.patch' },
      { content: 'no patch\n', name: 'notes.txt' },
    ]),
    /no patch found/,
  );
});

const SUBJECTS: [string, Partial<ReturnType<typeof parseSubject>>][] = [
  ['[PATCH] mm: x', { title: 'mm: x', index: 1, total: 0, version: 1, reply: false }],
  ['[PATCH -next v12 03/10] mm: x', { title: 'mm: x', index: 3, total: 10, version: 12 }],
  ['[RFC PATCHv2,1/2] x', { title: 'x', index: 1, total: 2, version: 2 }],
  ['[External] Re: [PATCH v2] mm: x', { title: 'mm: x', reply: true, version: 2 }],
  ['AW: RE: Fwd: [PATCH] x', { title: 'x', reply: true }],
  ['[PATCH] [mm] x', { title: 'x' }],
  ['Re[2]: x', { title: 'x', reply: true }],
  ['mm: handle [brackets] later', { title: 'mm: handle [brackets] later' }],
  ['[alone]', { title: '[alone]' }],
  ['', { title: '' }],
];

for (const [subject, expected] of SUBJECTS)
  test(`subject: ${subject}`, () => {
    const parsed = parseSubject(subject);
    for (const [key, value] of Object.entries(expected))
      assert.deepEqual(parsed[key as keyof typeof parsed], value, key);
  });
