/** Whole reports, kept as files in expected/, and what must hold for any of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import PostalMime from 'postal-mime';
import { type Patch, readSeries } from '../../src/patch/index.ts';
import { render } from '../../src/report/index.ts';
import { wrap } from '../../src/report/wrap.ts';
import { matchesFile } from './expect.ts';
import { exampleSeries, finding, freedUnderReader, lockKept, review } from './sample.ts';

const series = await exampleSeries();
const plain = { color: false, replayArguments: ['task-policy.patch'] };

const RACE = finding({
  consequences: [
    {
      class: 'ref-leak',
      message: 'When it succeeds, the reference is lost with the pointer.',
      schedule: lockKept(),
      replay: 'L1-ef34ab',
    },
  ],
});
const LOCAL = finding({
  id: 'a7',
  hazard: 'generic/missing-unlock',
  class: 'missing-unlock',
  confidence: 'likely',
  line: 32,
  endLine: 32,
  function: 'task_policy_mode',
  title: 'task_policy_mode() returns with p->alloc_lock held',
  message: 'Is p->alloc_lock dropped somewhere? After if (pol), task_policy_mode() returns with it held.',
  assumptions: ['unless callers expect to get it locked'],
  schedule: lockKept(),
  replay: 'p1.00aa',
});

test('text', () => {
  matchesFile('review.txt', render('text', review([RACE, LOCAL]), series, plain));
});

test('mail', () => {
  matchesFile('review.eml', render('mail', review([LOCAL, RACE]), series, plain));
});

test('json is the review, in one order of keys', () => {
  const given = review([RACE, LOCAL], { stats: { b: 1, a: 2 } });
  const text = render('json', given, series, plain);
  assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(given)));
  const shuffled = review([Object.fromEntries(Object.entries(RACE).reverse()) as typeof RACE, LOCAL], {
    stats: { a: 2, b: 1 },
  });
  assert.equal(render('json', shuffled, series, plain), text);
  matchesFile('review-json.txt', text);
});

test('nothing to say: a quiet line, and no mail', () => {
  assert.equal(
    render('text', review([]), series, plain),
    'Lockstep: nothing to report (1 patch, 2 files, 2 functions)\n',
  );
  assert.equal(render('mail', review([]), series, plain), '');
});

test('notes, what was skipped, and what the patch fixes are one line each', () => {
  const quiet = review([], {
    notes: ['mm/a.c is not in the tree; reviewed from its hunks alone'],
    skipped: [
      { file: 'mm/b.c', reason: 'x.patch:9: truncated hunk' },
      { file: '', reason: 'not in the input: patch 2 of 3' },
    ],
    fixed: [LOCAL],
  });
  assert.equal(
    render('text', quiet, series, plain),
    `fixed: mm/task_policy.c:32: missing-unlock: task_policy_mode() returns with p->alloc_lock held
note: mm/a.c is not in the tree; reviewed from its hunks alone
skipped: mm/b.c: x.patch:9: truncated hunk
skipped: not in the input: patch 2 of 3
Lockstep: nothing to report (1 patch, 2 files, 2 functions)
`,
  );
});

test('colour is added around words, nothing else changes', () => {
  const colored = render('text', review([RACE]), series, { ...plain, color: true });
  assert.notEqual(colored, render('text', review([RACE]), series, plain));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for.
  assert.equal(colored.replace(/\x1b\[\d*m/g, ''), render('text', review([RACE]), series, plain));
});

test('escape sequences in a patch do not reach the terminal', async () => {
  const evil = await readSeries(
    '--- a/mm/task_policy.c\n+++ b/mm/task_policy.c\n@@ -14,0 +15,1 @@\n+\tx(); /* \x1b[2J */\n',
    'x',
  );
  for (const format of ['text', 'mail'] as const)
    assert.ok(
      !render(
        format,
        review([finding({ title: 'bad \x1b[31m', message: 'a \x1b b' })]),
        evil,
        plain,
      ).includes('\x1b'),
    );
});

test('a mail parses: threading, an encoded subject, a quoted name', async () => {
  const patch: Patch = {
    ...series.patches[0]!,
    messageId: 'one@example.org',
    references: ['zero@example.org'],
    fullSubject:
      '[PATCH v2] mm: größer und länger als eine Zeile von Kopfzeilen sein darf, so dass sie gefaltet wird',
    from: 'Doe, J. (Käthe) <doe@example.org>',
  };
  const mail = render('mail', review([RACE]), { ...series, patches: [patch] }, plain);
  const parsed = await PostalMime.parse(mail);
  assert.equal(parsed.subject, `Re: ${patch.fullSubject}`);
  assert.equal(parsed.inReplyTo, '<one@example.org>');
  assert.equal(parsed.references, '<zero@example.org> <one@example.org>');
  assert.equal(parsed.to?.[0]?.address, 'doe@example.org');
  assert.equal(parsed.to?.[0]?.name, 'Doe, J. (Käthe)');
  const headers = new Map(parsed.headers.map((header) => [header.key, header.value]));
  assert.equal(headers.get('x-lockstep'), '0.1.0');
  assert.equal(headers.get('auto-submitted'), 'auto-generated');
  assert.ok(mail.split('\n').every((line) => line.startsWith('> ') || line.length <= 78));
});

test('a name that is no address is nobody to write to', () => {
  const patch: Patch = { ...series.patches[0]!, from: 'Ada Writer', date: '' };
  const mail = render('mail', review([RACE]), { ...series, patches: [patch] }, plain);
  assert.doesNotMatch(mail, /^To:/m);
  assert.match(mail, /\n\nAda Writer wrote:\n/);
});

test('findings of two patches are two mails, each with its own', () => {
  const [patch] = series.patches;
  const two = { ...series, patches: [patch!, { ...patch!, index: 2, fullSubject: '[PATCH 2/2] second' }] };
  const mails = render('mail', review([RACE, finding({ ...LOCAL, patch: 2 })]), two, plain).split(
    /^From lockstep .*\n/m,
  );
  assert.equal(mails.length, 3);
  assert.match(mails[1]!, /The test is inverted/);
  assert.match(mails[2]!, /^Subject: Re: \[PATCH 2\/2\] second$/m);
  assert.doesNotMatch(mails[2]!, /The test is inverted/);
});

test('the same words twice are "Same here."', () => {
  const again = finding({ line: 29, endLine: 29 });
  const mail = render('mail', review([finding(), again]), series, plain);
  assert.equal(mail.match(/The test is inverted/g)!.length, 1);
  assert.match(mail, /^> \+\t\tmode = pol->mode;\n\nSame here\.$/m);
});

test('a finding outside of the hunks goes below the nearest changed line', () => {
  const mail = render('mail', review([finding({ line: 400, endLine: 400 })]), series, plain);
  assert.match(mail, /^> \+}\n\nThe test/m);
});

test('assumptions and a verified fix are said after the schedule', () => {
  const fix = {
    diff: '--- a/x\n+++ b/x\n@@ -14 +14 @@\n-\tif (!pol || mpol_tryget(pol))\n+\tif (pol && !mpol_tryget(pol))\n',
    verified: true,
  };
  const said = render(
    'mail',
    review([finding({ fix, assumptions: ['that p can exit at any time', 'pol is not static.'] })]),
    series,
    plain,
  );
  assert.match(
    said,
    /<-- use after free\n\nThis would do:\n\n {2}-\tif .*\n {2}\+\tif .*\n\nThis assumes that p can exit at any time, and that pol is not static\.\n/,
  );
  const unverified = render('mail', review([finding({ fix: { ...fix, verified: false } })]), series, plain);
  assert.doesNotMatch(unverified, /would do/);
});

test('a schedule of threads is drawn once for each consequence that has one', () => {
  const both = finding({
    consequences: [
      { class: 'double-put', message: 'And put twice:', schedule: freedUnderReader(), replay: 'x' },
    ],
  });
  assert.equal(render('text', review([both]), series, plain).match(/CPU 0 +CPU 1/g)!.length, 2);
});

test('wrapping keeps paragraphs and code', () => {
  assert.deepEqual(
    wrap('one two three\nfour\n\n  code  stays\n\nend', 9),
    ['one two', 'three', 'four', '', '  code  stays', '', 'end'].map((line) => line),
  );
});
