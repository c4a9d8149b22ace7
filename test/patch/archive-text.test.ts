/** Text copied from a web archive: cut headers, quote marks, no indentation, a reviewer in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSeries } from '../../src/patch/index.ts';
import { addsUp, DIFF, mail, mbox, show } from './samples.ts';

/** What an archive's page makes of a reply that quotes the mail. */
function archived(diff: string, cuts: Record<number, string> = {}): string {
  const quoted = diff
    .trimEnd()
    .split('\n')
    .flatMap((line, i) => {
      const squeezed = line.replace(/^([-+]?)\s*(.*?)\s*$/, (_, mark, rest) =>
        mark && rest ? `${mark} ${rest}` : mark + rest,
      );
      const kept = /^(?:---|\+\+\+|@@|diff|index) /.test(line) ? line : squeezed;
      return [...(cuts[i] === undefined ? [] : [cuts[i]]), kept === '' ? '>' : `> ${kept}`];
    });
  return `Re: [PATCH 0/2] mm: ponds\nFrom: Rev Iewer\nDate: Fri Jan 13 2026 - 11:27:28 EST\nOn Mon 05-12-25 00:14:29, Ada Writer wrote:
> The pond is read without its lock.
>
I would like this explained.
> Signed-off-by: Ada Writer <ada@xxxxxxxxxxx>
> ---
> mm/pond.c | 3 ++-
>
${quoted.join('\n')}
> --
> 2.25.1
--
Rev Iewer
`;
}

test('the diff of a reply is read at its quoting level', async () => {
  const series = await readSeries(
    archived(DIFF, { 9: 'Why is this not under the lock?\n', 14: '\nAnd this?' }),
    'a.txt',
  );
  assert.ok(addsUp(series));
  const [patch] = series.patches;
  assert.equal(patch!.indentationLost, true);
  assert.equal(patch!.from, 'Ada Writer <ada@xxxxxxxxxxx>');
  assert.equal(patch!.date, 'Mon 05-12-25 00:14:29');
  assert.deepEqual([patch!.subject, patch!.index, patch!.total], ['mm: ponds', 1, 1]);
  assert.equal(
    show(patch!.files[0]!.hunks[0]!),
    '10 10  {\n11 11  int level;\n12 12  \n13 0 -level = p->level;\n0 13 +spin_lock(&p->lock);\n' +
      '0 14 +level = p->level++;\n14 15  \n15 16  pond_show(level);\n16 17  }',
  );
  assert.deepEqual(series.skipped, []);
});

test('a context line whose own text starts with a minus is found by the counts', async () => {
  const hunk = '@@ -3,4 +3,5 @@ int f(void)\n \treturn a\n \t\t- b;\n+\tx();\n }\n int y;\n';
  const series = await readSeries(archived(`--- a/x.c\n+++ b/x.c\n${hunk}`), 'a.txt');
  assert.ok(addsUp(series));
  assert.equal(
    show(series.patches[0]!.files[0]!.hunks[0]!),
    '3 3  return a\n4 4  - b;\n0 5 +x();\n5 6  }\n6 7  int y;',
  );
  assert.match(
    series.repaired.join(),
    /^a\.txt:\d+: a line that starts with a plus or minus was taken as context/,
  );
});

test('two readings that fit are none', async () => {
  const diff = DIFF.replace(' \tint level;', ' \t- level;');
  const series = await readSeries(archived(diff), 'a.txt');
  assert.equal(series.patches[0]!.files[0]!.hunks.length, 1);
  assert.match(series.skipped[0]!.reason, /^a\.txt:\d+: truncated hunk/);
});

test('a reply in a mail program keeps indentation, at any level', async () => {
  const quote = (text: string) =>
    `On Tue, Mar 3, 2026 at 9:41 AM Ada Writer <ada@example.org> wrote:\n${text.trimEnd().replace(/^/gm, '> ')}\n`;
  for (const text of [quote(DIFF), quote(quote(DIFF))]) {
    const series = await readSeries(mail('Re: [PATCH] mm: lock', `${text}\nLooks odd.\n`), 'r.eml');
    assert.ok(addsUp(series));
    assert.equal(series.patches[0]!.indentationLost, false);
    assert.equal(series.patches[0]!.files[0]!.hunks[0]!.lines[1]!.text, '\tint level;');
    assert.equal(series.patches[0]!.from, 'Ada Writer <ada@example.org>');
  }
});

test('in a thread, the patch itself is read and not what replies quote', async () => {
  const original = mail('[PATCH] mm: lock');
  const reply = mail('Re: [PATCH] mm: lock', `${DIFF.replace(/^/gm, '> ')}\n`);
  const series = await readSeries(mbox(reply, original), 't.mbox');
  assert.equal(series.patches.length, 1);
  assert.equal(series.patches[0]!.messageId, '.PATCH.mm.lock@example.org');
  assert.deepEqual(series.skipped, []);
});
