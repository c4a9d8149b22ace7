/** What mail does to hunks: mended when there is one way to, refused with file and line when not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputError, readSeries } from '../../src/patch/index.ts';
import { addsUp, allLines, DIFF, mail } from './samples.ts';

const LINES = DIFF.split('\n');

async function refusal(text: string, name = 'x.patch'): Promise<string> {
  const error = await readSeries(text, name).then(
    () => assert.fail('was read'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof InputError, String(error));
  return error.describe();
}

test('leading spaces that a mail program took away are put back', async () => {
  const stripped = DIFF.replace(/^ /gm, '');
  const series = await readSeries(stripped, 'x.patch');
  assert.equal(allLines(series), allLines(await readSeries(DIFF, 'x')));
  assert.equal(series.patches[0]!.indentationLost, false);
  assert.match(series.repaired[0]!, /^x\.patch:5: the leading space/);
});

test('trailing white space that was cut off does not matter', async () => {
  const series = await readSeries(DIFF.replace(/[ \t]+$/gm, ''), 'x');
  assert.equal(allLines(series), allLines(await readSeries(DIFF, 'x')));
  assert.deepEqual(series.repaired, []);
});

test('no-break spaces in place of indentation are spaces', async () => {
  const spaced = DIFF.replaceAll('\t', '    ');
  const series = await readSeries(
    spaced.replace(/ {4}/g, ' \u00a0 \u00a0').replace(/^ (?=\S)/gm, '\u00a0'),
    'x',
  );
  assert.equal(allLines(series), allLines(await readSeries(spaced, 'x')));
  assert.equal(series.patches[0]!.indentationLost, false);
});

test('a reply that cut context after the last change is read up to there', async () => {
  const quoted = DIFF.split('\n')
    .slice(0, 12)
    .map((line) => `> ${line}`)
    .join('\n');
  const series = await readSeries(`${quoted}\n\nThis needs a check.\n`, 'x');
  assert.ok(addsUp(series));
  assert.equal(series.patches[0]!.files[0]!.hunks[0]!.newCount, 6);
  assert.match(series.repaired.join(), /last context lines were cut off/);
});

test('a wrapped line is joined', async () => {
  const long = `+\tlevel = p->level++ +${' one +'.repeat(12)} two;`;
  const whole = DIFF.replace('+\tlevel = p->level++;', long);
  const wrapped = DIFF.replace('+\tlevel = p->level++;', long.replace(' + two;', ' +\ntwo;'));
  const series = await readSeries(wrapped, 'x');
  assert.equal(allLines(series), allLines(await readSeries(whole, 'x')));
  assert.match(series.repaired.join(), /wrapped/);
});

test('counts left wrong by editing the patch are corrected', async () => {
  const edited = DIFF.replace('+\tspin_lock(&p->lock);\n', '+\tspin_lock(&p->lock);\n+\tpond_check(p);\n');
  const series = await readSeries(edited, 'x');
  assert.ok(addsUp(series));
  assert.equal(series.patches[0]!.files[0]!.hunks[0]!.newCount, 9);
  assert.match(series.repaired.join(), /counts were corrected/);
});

test('a cut hunk is refused with its line when nothing else is left', async () => {
  for (let end = 6; end < 14; end++) {
    const said = await refusal(LINES.slice(0, end).join('\n'));
    assert.match(
      said,
      /^x\.patch:5: truncated hunk: @@ -10,7 \+10,8 @@ promises 7 old and 8 new lines, found/,
    );
  }
});

test('a cut hunk is left out, with its line, when others can be read', async () => {
  const series = await readSeries(LINES.slice(0, 18).join('\n'), 'x.patch');
  const [file] = series.patches[0]!.files;
  assert.equal(file!.hunks.length, 1);
  assert.equal(file!.incomplete, true);
  assert.match(series.skipped[0]!.reason, /^x\.patch:15: truncated hunk/);
  assert.equal(series.skipped[0]!.file, 'mm/pond.c');
});

test('a cut hunk does not swallow the file that follows', async () => {
  const other = DIFF.replaceAll('pond.c', 'lake.c');
  const series = await readSeries(`${LINES.slice(0, 10).join('\n')}\n${other}`, 'x');
  assert.deepEqual(
    series.patches[0]!.files.map((file) => [file.newPath, file.hunks.length, file.incomplete]),
    [
      ['mm/pond.c', 0, true],
      ['mm/lake.c', 2, false],
    ],
  );
});

test('a line without any marker among lines with one is refused', async () => {
  const said = await refusal(
    LINES.slice(0, 14).join('\n').replace(' \tpond_show(level);', 'oops\n \tpond_show(level);'),
  );
  assert.match(said, /^x\.patch:13: damaged hunk: this line has none of the markers/);
});

test('a hunk without a file is named', async () => {
  assert.equal(await refusal(LINES.slice(4).join('\n')), 'x.patch:1: hunk without a file name above it');
});

test('what is no patch is refused in one line', async () => {
  assert.match(await refusal(''), /^x\.patch: empty/);
  assert.match(await refusal(' \n\n'), /^x\.patch: empty/);
  assert.match(await refusal('Dear list,\n\nno patch today.\n'), /^x\.patch: no patch found/);
  assert.match(
    await refusal(mail('[PATCH 0/2] mm: ponds', 'Two of them.\n')),
    /^x\.patch: a cover letter, but no patch/,
  );
  const gzip = await readSeries(Buffer.from([0x1f, 0x8b, 8, 0, 0]), 'p.gz').catch((error) => error);
  assert.equal(gzip.describe(), 'p.gz: gzip data; unpack it first');
  const binary = await readSeries(Buffer.from('ELF\0\0\u0001'), 'a.out').catch((error) => error);
  assert.match(binary.describe(), /^a\.out: binary data/);
});
