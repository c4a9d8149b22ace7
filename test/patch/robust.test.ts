/** Whatever a file holds: either a series whose hunks add up, or an InputError; never another error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InputError, readSeries } from '../../src/patch/index.ts';
import { addsUp, DIFF, mail, mbox } from './samples.ts';

async function check(input: Uint8Array | string): Promise<boolean> {
  try {
    const series = await readSeries(input, 'any');
    assert.ok(addsUp(series));
    assert.ok(series.patches.length > 0);
    for (const { reason } of series.skipped) assert.doesNotMatch(reason, /\n/);
    return true;
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    assert.doesNotMatch(error.describe(), /\n/);
    return false;
  }
}

const quoted = mail(
  'Re: [PATCH] mm: lock',
  `On Mon, Mar 2, 2026 at 9:00, Ada wrote:\n${DIFF.replace(/^/gm, '> ')}`,
);
const texts = [
  DIFF,
  mail('[PATCH 1/2] mm: a'),
  mbox(mail('[PATCH 1/2] mm: a'), mail('[PATCH 2/2] mm: b')),
  quoted,
];

const damaged = fc
  .record({
    text: fc.constantFrom(...texts),
    edits: fc.array(
      fc.record({
        kind: fc.constantFrom('drop', 'twice', 'swap', 'cut', 'unmark', 'junk'),
        at: fc.nat(200),
        junk: fc.string({ maxLength: 20 }),
      }),
      { maxLength: 4 },
    ),
  })
  .map(({ text, edits }) => {
    let lines = text.split('\n');
    for (const { kind, at, junk } of edits) {
      const i = at % Math.max(lines.length, 1);
      const line = lines[i] ?? '';
      if (kind === 'drop') lines.splice(i, 1);
      else if (kind === 'twice') lines.splice(i, 0, line);
      else if (kind === 'swap') lines.splice(i, 2, lines[i + 1] ?? '', line);
      else if (kind === 'cut') lines = lines.slice(0, i);
      else if (kind === 'unmark') lines[i] = line.slice(1);
      else lines[i] = junk;
    }
    return lines.join('\n');
  });

test('damaged mails and diffs', async () => {
  let read = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(damaged, async (text) => {
      if (await check(text)) read++;
      else refused++;
    }),
    { numRuns: 1500, seed: 3 },
  );
  assert.ok(read > 100 && refused > 100, `${read} read, ${refused} refused`);
});

test('random bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      await check(bytes);
    }),
    { numRuns: 300, seed: 3 },
  );
});

test('mails made to exhaust a reader are refused in a line or read', async () => {
  const nested = Array.from({ length: 600 }, (_, i) => i).reduce(
    (body, i) =>
      `From: a@b.org\nDate: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b${i}"\n\n--b${i}\nContent-Type: message/rfc822\n\n${body}\n--b${i}--\n`,
    mail('[PATCH] mm: a'),
  );
  const evil = [
    nested,
    `From: a@b.org\nSubject: ${'x('.repeat(2_000_000)}`,
    mail('[PATCH] mm: a', `${'+y('.repeat(3_000_000)}\n${DIFF}`),
    mail('[PATCH] mm: a', DIFF.replace('+10,8', '+10,99999999')),
    mail('[PATCH] mm: a', DIFF, `${'X-A: b\n'.repeat(50_000)}References: ${'<a@b.org> '.repeat(50_000)}\n`),
    mail('[PATCH] mm: a', DIFF.replace(' \tint level;', ' \tint level;\0')),
  ];
  for (const text of evil) await check(text);
});
