/** Mail in its encodings: whatever a message was wrapped in, the same patch comes out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSeries } from '../../src/patch/index.ts';
import { allLines, DIFF, mail, mbox } from './samples.ts';

const plain = await readSeries(DIFF, 'x');

async function sameDiff(text: string | Uint8Array): Promise<Awaited<ReturnType<typeof readSeries>>> {
  const series = await readSeries(text, 'm.eml');
  assert.equal(allLines(series), allLines(plain));
  assert.deepEqual(series.repaired, []);
  return series;
}

test('a format-patch mail: subject, author, changelog, trailers, base', async () => {
  const series = await sameDiff(mail('[PATCH RFC v3 2/5] mm/pond: lock it'));
  const [patch] = series.patches;
  assert.equal(patch!.subject, 'mm/pond: lock it');
  assert.equal(patch!.fullSubject, '[PATCH RFC v3 2/5] mm/pond: lock it');
  assert.deepEqual([patch!.version, patch!.index, patch!.total], [3, 2, 5]);
  assert.equal(patch!.from, 'Ada Writer <ada@example.org>');
  assert.equal(patch!.date, 'Mon, 2 Mar 2026 09:00:00 +0000');
  assert.equal(patch!.messageId, '.PATCH.RFC.v3.2.5.mm.pond.lock.it@example.org');
  assert.match(patch!.message, /^The pond is read without its lock\.\n\nFixes: /);
  assert.doesNotMatch(patch!.message, /1 file changed/);
  assert.deepEqual(
    patch!.trailers.map((each) => each.name),
    ['Fixes', 'Signed-off-by', 'base-commit'],
  );
  assert.equal(patch!.baseCommit, '0123456789abcdef0123456789abcdef01234567');
});

test('lines are numbered as the input has them', async () => {
  const text = `\n${mail('[PATCH] mm: lock')}`;
  const series = await readSeries(text, 'm.eml');
  const line = series.patches[0]!.files[0]!.hunks[0]!.lines[4]!;
  assert.equal(text.split('\n')[line.inputLine - 1], '+\tspin_lock(&p->lock);');
});

test('a From line in the body names the author', async () => {
  const text = mail('[PATCH] mm: lock').replace(
    '\n\nThe pond',
    '\n\nFrom: Bea Author <bea@example.org>\n\nThe pond',
  );
  const [patch] = (await sameDiff(text)).patches;
  assert.equal(patch!.from, 'Bea Author <bea@example.org>');
  assert.match(patch!.message, /^The pond/);
});

test('folded and encoded headers', async () => {
  const text = mail('[PATCH] x').replace(
    /^Subject: .*$/m,
    'Subject: =?utf-8?q?=5BPATCH_v2=5D_mm=3A_t=C3=A4st?=\n =?utf-8?q?_it?=\nReferences: <a@b>\n <c@d>\nIn-Reply-To: <c@d>',
  );
  const series = await sameDiff(text);
  assert.equal(series.patches[0]!.subject, 'mm: täst it');
  assert.deepEqual(series.patches[0]!.references, ['a@b', 'c@d']);
});

function encoded(encoding: string, charset: string, body: string): string {
  const head = `MIME-Version: 1.0\nContent-Type: text/plain; charset=${charset}\nContent-Transfer-Encoding: ${encoding}\n`;
  const [headers] = mail('[PATCH] mm: lock').split('\n\n');
  return `${headers}\n${head}\n${body}`;
}

const BODY = mail('x').slice(mail('x').indexOf('\n\n') + 2);

test('quoted-printable, with soft line breaks', async () => {
  const body = BODY.replaceAll('=', '=3D').replaceAll('\t', '=09').replaceAll('spin_lock', 'spin_=\nlock');
  await sameDiff(encoded('quoted-printable', 'utf-8', body));
});

test('base64, and a character set that is not UTF-8', async () => {
  const text = BODY.replace('The pond', 'Le lac gelé');
  const base64 = Buffer.from(text, 'latin1').toString('base64').replace(/.{76}/g, '$&\n');
  const series = await sameDiff(encoded('base64', 'iso-8859-1', base64));
  assert.match(series.patches[0]!.message, /^Le lac gelé/);
});

test('format=flowed: space-stuffed lines are unstuffed and not joined', async () => {
  const stuffed = BODY.replace(/^ /gm, '  ');
  const text = encoded('8bit', 'utf-8; format=flowed; delsp=yes', stuffed);
  await sameDiff(text);
});

function multipart(...parts: [string, string][]): string {
  const [headers] = mail('[PATCH] mm: lock').split('\n\n');
  const body = parts.map(([type, text]) => `--=-cut\nContent-Type: ${type}\n\n${text}\n`).join('');
  return `${headers}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="=-cut"\n\n${body}--=-cut--\n`;
}

test('an attached diff', async () => {
  const series = await sameDiff(
    multipart(
      ['text/plain', 'See below.\n'],
      ['text/x-patch; name="pond.patch"\nContent-Disposition: attachment; filename=pond.patch', DIFF],
    ),
  );
  assert.equal(series.patches[0]!.subject, 'mm: lock');
});

test('an attached format-patch file keeps its own subject', async () => {
  const inner = `From ${'a'.repeat(40)} Mon Sep 17 00:00:00 2001\n${mail('[PATCH 1/1] mm: inner')}`;
  const series = await sameDiff(
    multipart(
      ['text/plain', 'Attached.\n'],
      [
        'text/plain; name="0001-inner.patch"\nContent-Disposition: attachment; filename="0001-inner.patch"',
        inner,
      ],
    ),
  );
  assert.equal(series.patches[0]!.subject, 'mm: inner');
});

test('a mail of HTML alone is refused by name', async () => {
  const text = multipart(['text/html', `<pre>${DIFF}</pre>`]);
  const error = await readSeries(text, 'm.eml').catch((reason) => reason);
  assert.equal(error.describe?.(), 'm.eml:1: the mail is HTML without a plain text part');
});

test('a mailbox: From lines in bodies do not split it, quoting is undone', async () => {
  const text = mail('[PATCH] mm: lock').replace(
    'The pond',
    'From the shore, one sees:\n\nFrom here on 2026\n\nThe pond',
  );
  const series = await sameDiff(mbox(text));
  assert.match(series.patches[0]!.message, /^From the shore/);
});
