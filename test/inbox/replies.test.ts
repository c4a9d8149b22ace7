/** From a review to mail: who gets it, what it says, that it is sent once and only when it may be. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { changelogNotes } from '../../src/inbox/changelog-notes.ts';
import { readHead } from '../../src/inbox/headers.ts';
import {
  DEFAULT_POLICY,
  EVERYTHING,
  openMailSource,
  type Policy,
  type ReviewRecord,
  readPolicy,
  Scanner,
  sendReplies,
  workOne,
  writeOutbox,
} from '../../src/inbox/index.ts';
import { isQuiet, recipients } from '../../src/inbox/policy.ts';
import { readMails } from '../../src/patch/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { finding, review } from '../report/sample.ts';
import { Archive, LIST, type MailParts, makeMail, makeSeries, scratch } from './mails.ts';

const FOUND = finding({ file: 'mm/pond.c', line: 13, endLine: 13, id: 'f1', patch: 1 });
const POLICY: Policy = { ...DEFAULT_POLICY, from: 'Lockstep <bot@lockstep.example>', notes: false };
const NOW = new Date(Date.UTC(2026, 2, 3, 12));

/** Reads, reviews with fixed findings, and writes the outbox. */
async function handle(
  store: Store,
  directory: string,
  mails: MailParts[],
  findings: Parameters<typeof review>[0][],
  policy = POLICY,
) {
  const archive = new Archive(join(directory, 'list'));
  const scanner = new Scanner(store);
  for (const [i, found] of findings.entries()) {
    const part =
      findings.length === 1 ? mails : mails.filter((each) => /v2/.test(each.subject) === (i === 1));
    archive.add(part.map(makeMail));
    await scanner.scan(openMailSource(archive.path), {
      filter: EVERYTHING,
      own: new Set(),
      settle: 0,
      patience: 0,
      now: () => NOW.getTime(),
    });
    const options = {
      filter: EVERYTHING,
      policy,
      now: () => NOW.getTime(),
      review: async () => ({ review: review(found), base: 'mm-unstable' }),
    };
    while (await workOne(store, options));
    await writeOutbox(store, join(directory, 'outbox'));
  }
}

async function opened(t: TestContext) {
  const directory = scratch(t);
  const store = await openStore(join(directory, 's.db'));
  t.after(() => store.close());
  return { directory, store, outbox: join(directory, 'outbox') };
}

test('a reply in the outbox: threaded, marked, to the author, quoting the patch', async (t) => {
  const { directory, store, outbox } = await opened(t);
  await handle(store, directory, makeSeries('mm: ponds', 2), [[FOUND]]);
  const files = readdirSync(outbox);
  assert.equal(files.length, 1);
  const mail = await PostalMime.parse(readFileSync(join(outbox, files[0]!)));
  const series = makeSeries('mm: ponds', 2);
  assert.equal(mail.inReplyTo, `<${series[1]!.id}>`);
  assert.equal(mail.references, `<${series[0]!.id}> <${series[1]!.id}>`);
  assert.deepEqual(mail.to, [{ address: 'ada@example.org', name: 'Ada Writer' }]);
  assert.equal(mail.cc, undefined);
  assert.equal(mail.from?.address, 'bot@lockstep.example');
  assert.equal(mail.subject, `Re: ${series[1]!.subject}`);
  const header = (name: string) => mail.headers.find((each) => each.key === name)?.value;
  assert.equal(header('auto-submitted'), 'auto-generated');
  assert.equal(header('x-lockstep-findings'), 'f1');
  assert.equal(header('x-lockstep-series'), series[0]!.id);
  assert.match(mail.text!, /Ada Writer wrote:\n\[\.\.\.\]\n> diff --git a\/mm\/pond\.c/);
  assert.match(mail.text!, /> \+\tspin_lock\(&p->lock\);\n\nThe test is inverted/);
  // Lockstep knows its own mail, and does not answer it.
  const { sortMail } = await import('../../src/inbox/classify.ts');
  assert.equal(sortMail(readFileSync(join(outbox, files[0]!))).disposition, 'robot');
});

test('an outbox that was edited or emptied is not written again', async (t) => {
  const { directory, store, outbox } = await opened(t);
  await handle(store, directory, makeSeries('mm: ponds', 2), [[FOUND]]);
  const [file] = readdirSync(outbox);
  writeFileSync(join(outbox, file!), 'edited');
  assert.equal(await writeOutbox(store, outbox), 0);
  assert.equal(readFileSync(join(outbox, file!), 'utf8'), 'edited');
  rmSync(join(outbox, file!));
  assert.equal(await writeOutbox(store, outbox), 0);
  assert.deepEqual(readdirSync(outbox), []);
});

test('a new version: what is gone and what stands is said below its cover letter', async (t) => {
  const { directory, store, outbox } = await opened(t);
  const second = finding({ ...FOUND, id: 'f2', title: 'pond_drain() leaks its level' });
  const mails = [...makeSeries('mm: ponds', 1), ...makeSeries('mm: ponds', 1, { version: 2, minute: 60 })];
  await handle(store, directory, mails, [[FOUND, second], [second]]);
  const record = (await store.records('review'))[0]!.body as ReviewRecord;
  assert.deepEqual([record.gone, record.stand], [['f1'], ['f2']]);
  const follow = readdirSync(outbox)
    .map((file) => readFileSync(join(outbox, file), 'utf8'))
    .find((text) => /Gone since v1/.test(text))!;
  assert.match(follow, /^Subject: Re: \[PATCH v2 0\/1\] mm: ponds$/m);
  assert.match(
    follow,
    /Gone since v1:\n\n {2}mm\/pond\.c: .*\n\nStill there since v1:\n\n {2}mm\/pond\.c: pond_drain\(\) leaks its level\n/,
  );
  assert.equal((await store.records('reply')).length, 3);
});

test('a version that is replaced before its review is not reviewed', async (t) => {
  const { directory, store } = await opened(t);
  const mails = [...makeSeries('mm: ponds', 1), ...makeSeries('mm: ponds', 1, { version: 2, minute: 60 })];
  await handle(store, directory, mails, [[FOUND]]);
  assert.deepEqual(
    (await store.records('review')).map((each) => (each.body as ReviewRecord).version),
    [2],
  );
});

const head = (parts: Partial<MailParts>) => {
  const read = readHead(Buffer.from(makeMail({ subject: '[PATCH] mm: x', ...parts })));
  assert.ok(!('refused' in read));
  return read;
};

test('who gets mail: each list decides about its own copy', () => {
  const lists = (who: Policy['lists'], more: Partial<Policy> = {}) => ({ ...POLICY, lists: who, ...more });
  const who = (policy: Policy, parts: Partial<MailParts> = {}, body = '') => {
    const { to, cc } = recipients(head(parts), body, policy);
    return [...to, ...cc].map((each) => each.address).join();
  };
  assert.equal(who(POLICY), 'ada@example.org');
  assert.equal(who(lists({ [LIST]: 'author+list' })), `ada@example.org,${LIST}`);
  assert.equal(who(lists({ [LIST]: 'nobody' })), '');
  assert.equal(who(lists({ 'other@lists.example.org': 'author+list' })), 'ada@example.org');
  assert.equal(who(lists({}, { default: 'nobody' })), '');
  const two = lists({ [LIST]: 'nobody', 'b@x.org': 'author+list' });
  assert.equal(who(two, { headers: 'Cc: b@x.org\n' }), 'ada@example.org,b@x.org');
  assert.equal(who(lists({ [LIST]: 'author+list' }, { never: ['ADA@example.org'] })), '');
  assert.equal(who(POLICY, { from: 'syzbot <syzbot+1234@syzkaller.appspotmail.com>' }), '');
  assert.equal(who(POLICY, { from: 'Lockstep <bot@lockstep.example>' }), '');
  const relay = 'Ada via B4 Relay <devnull+ada.example.org@kernel.org>';
  assert.equal(who(POLICY, { from: relay }, 'Ada Writer <ada@example.org>'), 'ada@example.org');
  assert.equal(
    who(POLICY, { from: '"Maintainer, The" <m@example.org>' }, 'Ada <ada@example.org>'),
    'm@example.org,ada@example.org',
  );
});

test('quiet hours, also over midnight', () => {
  const at = (hour: number) => new Date(2026, 2, 3, hour);
  const night = { ...POLICY, quiet: '22:00-07:00' };
  assert.deepEqual(
    [21, 22, 3, 7].map((hour) => isQuiet(night, at(hour))),
    [false, true, true, false],
  );
  assert.deepEqual(
    [8, 9, 17].map((hour) => isQuiet({ ...POLICY, quiet: '09:00-17:00' }, at(hour))),
    [false, true, false],
  );
});

test('a policy file that is wrong is refused with the field', (t) => {
  const file = join(scratch(t), 'p.yml');
  const refuse = (text: string, reason: RegExp) => {
    writeFileSync(file, text);
    assert.throws(() => readPolicy(file), reason);
  };
  refuse('lists:\n  a@b.org: everybody\n', /lists\.a@b\.org: /);
  refuse('perday: 3\n', /perday/);
  refuse('quiet: late\n', /quiet: expected HH:MM-HH:MM/);
  refuse('a: [', /./);
  writeFileSync(file, 'from: L <l@x.org>\nlists:\n  a@b.org: author+list\n');
  assert.equal(readPolicy(file).lists['a@b.org'], 'author+list');
});

interface Got {
  from: string;
  to: string[];
  text: string;
  user: string;
}

async function smtp(t: TestContext, refuse = false): Promise<{ got: Got[]; port: number }> {
  const got: Got[] = [];
  const server = new SMTPServer({
    authOptional: false,
    onAuth: ({ username, password }, _session, done) =>
      password === 'pond' ? done(null, { user: username }) : done(new Error('no')),
    onRcptTo: (_address, _session, done) => (refuse ? done(new Error('not here')) : done()),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        got.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map((each) => each.address),
          text: Buffer.concat(chunks).toString(),
          user: String(session.user),
        });
        done();
      });
    },
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise<void>((resolve) => server.close(resolve)));
  return { got, port: (server.server.address() as AddressInfo).port };
}

function sending(directory: string, port: number, more: Partial<Policy> = {}) {
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, 'pond\n');
  const policy: Policy = {
    ...POLICY,
    smtp: { host: '127.0.0.1', port, security: 'none', user: 'lockstep', passwordFile },
    ...more,
  };
  return { outbox: join(directory, 'outbox'), policy, now: NOW, only: [], again: false, dryRun: false };
}

test('sending: once, as edited, with the password, and only what the day allows', async (t) => {
  const { directory, store, outbox } = await opened(t);
  const { got, port } = await smtp(t);
  const works = [1, 2, 3].flatMap((n) => makeSeries(`mm: pond ${'x'.repeat(n)}`, 1, { minute: n }));
  await handle(store, directory, works, [[FOUND]]);
  const files = readdirSync(outbox).sort();
  assert.equal(files.length, 3);
  const edited = readFileSync(join(outbox, files[0]!), 'utf8').replace(
    'The test is inverted',
    'I think the test is inverted',
  );
  writeFileSync(join(outbox, files[0]!), edited);
  rmSync(join(outbox, files[1]!));
  const plan = await sendReplies(store, { ...sending(directory, port), dryRun: true });
  assert.deepEqual(plan.map((each) => each.outcome).sort(), ['withdrawn', 'would be sent', 'would be sent']);
  const first = await sendReplies(store, sending(directory, port, { perDay: 1 }));
  assert.deepEqual(first.map((each) => each.outcome).sort(), ['not sent', 'sent']);
  assert.match(first.find((each) => each.outcome === 'not sent')!.reason, /1 were sent within a day/);
  assert.equal((await sendReplies(store, sending(directory, port))).length, 1);
  assert.equal((await sendReplies(store, sending(directory, port))).length, 0);
  assert.equal(got.length, 2);
  assert.deepEqual(got[0]!.to, ['ada@example.org']);
  assert.deepEqual([got[0]!.from, got[0]!.user], ['bot@lockstep.example', 'lockstep']);
  assert.ok(got.some((each) => /I think the test is inverted/.test(each.text)));
  assert.deepEqual(
    [...(await store.count('reply'))],
    [
      ['sent', 2],
      ['withdrawn', 1],
    ],
  );
});

test('a server that refuses, a crash while sending, a robot written in by hand, no policy', async (t) => {
  const { directory, store, outbox } = await opened(t);
  await handle(store, directory, makeSeries('mm: ponds', 1), [[FOUND]]);
  const refusing = await smtp(t, true);
  const [refused] = await sendReplies(store, sending(directory, refusing.port));
  assert.equal(refused!.outcome, 'not sent');
  assert.equal((await store.count('reply')).get('draft'), 1);
  const { got, port } = await smtp(t);
  const [file] = readdirSync(outbox);
  const text = readFileSync(join(outbox, file!), 'utf8');
  writeFileSync(join(outbox, file!), text.replace('ada@example.org', 'lkp@intel.com'));
  const [robot] = await sendReplies(store, sending(directory, port));
  assert.equal(robot!.reason, 'lkp@intel.com is a robot');
  writeFileSync(join(outbox, file!), text);
  // What a crash between handing over and noting it leaves behind.
  const [record] = await store.records('reply');
  await store.commit({
    cursors: [{ name: `send/${record!.key}`, from: 'draft', to: 'sending' }],
    records: [{ ...record!, tag: 'sending' }],
  });
  assert.equal((await sendReplies(store, sending(directory, port))).length, 0);
  assert.equal(got.length, 0);
  const [again] = await sendReplies(store, { ...sending(directory, port), again: true });
  assert.equal(again!.outcome, 'sent');
  assert.equal(got.length, 1);
  await assert.rejects(
    sendReplies(store, { ...sending(directory, port), policy: DEFAULT_POLICY }),
    /must have "from" and "smtp"/,
  );
});

test('changelog notes: what a series does not say, once', async () => {
  const notes = async (subject: string, body: string) =>
    changelogNotes(await readMails([{ name: 'x', content: makeMail({ subject, body }) }]));
  const diff = '---\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-x\n+y\n';
  assert.deepEqual(await notes('[PATCH] mm: x', `Fix it.\n\nSigned-off-by: A <a@b.c>\n${diff}`), [
    'What problem does this solve? The changelog does not say.',
    'How was this tested?',
  ]);
  const told =
    'Readers of a pond take its lock for every drop, which shows in profiles of busy ponds. Tested with ponds.\n\n';
  assert.deepEqual(await notes('[PATCH] mm: x', told + diff), []);
  assert.deepEqual(await notes('[PATCH v3] mm: x', told + diff), ['What changed since v2?']);
  assert.deepEqual(
    await notes('[PATCH v3] mm: x', told + diff.replace('---\n', '---\nChanges in v3: a lock\n')),
    [],
  );
});
