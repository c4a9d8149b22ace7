/** What every store promises, whatever it is made of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../src/store/index.ts';

/** Runs the contract; `open` gives another connection to the same fresh store, named by `name`. */
export function contract(label: string, open: (name: string) => Promise<Store>): void {
  let count = 0;
  const check = (what: string, body: (one: Store, two: Store) => Promise<void>) =>
    test(`${label}: ${what}`, async () => {
      const name = `contract${++count}`;
      const one = await open(name);
      const two = await open(name);
      try {
        await body(one, two);
      } finally {
        await one.close();
        await two.close();
      }
    });

  check('a cursor moves from where it is, or nothing of the change happens', async (one, two) => {
    assert.equal(await one.cursor('a'), null);
    assert.equal(await one.commit({ cursors: [{ name: 'a', from: null, to: '1' }] }), true);
    assert.equal(await two.cursor('a'), '1');
    const late = {
      cursors: [
        { name: 'b', from: null, to: '1' },
        { name: 'a', from: null, to: '2' },
      ],
      records: [{ kind: 'r', key: 'k', body: 1 }],
      jobs: [{ queue: 'q', key: 'k', body: 1, runAt: 0 }],
    };
    assert.equal(await two.commit(late), false);
    assert.equal(await one.cursor('b'), null);
    assert.equal(await one.record('r', 'k'), null);
    assert.equal(await one.claim('q', 'w', 1, 2), null);
    assert.equal(await two.commit({ cursors: [{ name: 'a', from: '1', to: '2' }] }), true);
    assert.deepEqual([...(await one.cursors('a'))], [['a', '2']]);
  });

  check('of many who move one cursor at once, each step is made once', async (one, two) => {
    let made = 0;
    const step = async (store: Store) => {
      for (let i = 0; i < 20; i++) {
        const from = await store.cursor('n');
        const to = String(Number(from ?? 0) + 1);
        if (
          await store.commit({
            cursors: [{ name: 'n', from, to }],
            records: [{ kind: 'n', key: to, body: 0 }],
          })
        )
          made++;
      }
    };
    await Promise.all([step(one), step(two)]);
    assert.equal(await one.cursor('n'), String(made));
    assert.equal((await one.count('n')).get(''), made);
  });

  check('records are replaced or kept, found by kind, key and tag, last written first', async (one, two) => {
    await one.commit({
      records: [
        { kind: 'mail', key: 'a', tag: 'patch', body: { n: 1, text: 'größe \u0001 "x"' } },
        { kind: 'mail', key: 'b', tag: 'reply', body: null },
        { kind: 'other', key: 'a', body: [] },
      ],
    });
    await two.commit({ records: [{ kind: 'mail', key: 'a', tag: 'patch', body: 2, keep: true }] });
    assert.deepEqual((await two.record('mail', 'a'))?.body, { n: 1, text: 'größe \u0001 "x"' });
    await two.commit({ records: [{ kind: 'mail', key: 'a', tag: 'cover', body: 3 }] });
    assert.deepEqual(
      (await one.records('mail')).map(({ key, tag, body }) => [key, tag, body]),
      [
        ['a', 'cover', 3],
        ['b', 'reply', null],
      ],
    );
    assert.deepEqual(
      (await one.records('mail', { tag: 'reply' })).map((each) => each.key),
      ['b'],
    );
    assert.equal((await one.records('mail', { limit: 1 })).length, 1);
    assert.deepEqual([...(await one.known('mail', ['a', 'c', 'b']))].sort(), ['a', 'b']);
    assert.deepEqual(
      [...(await one.count('mail'))],
      [
        ['cover', 1],
        ['reply', 1],
      ],
    );
  });

  check('a thousand records in one change, a key twice', async (one) => {
    const records = Array.from({ length: 1200 }, (_, i) => ({ kind: 'm', key: String(i % 1100), body: i }));
    assert.equal(await one.commit({ records }), true);
    assert.equal((await one.count('m')).get(''), 1100);
    assert.equal((await one.record('m', '50'))?.body, 1150);
    assert.equal(
      (
        await one.known(
          'm',
          records.map((each) => each.key),
        )
      ).size,
      1100,
    );
  });

  check('a job is begun once, when it is due, and its key is not taken twice', async (one, two) => {
    const jobs = [
      { queue: 'q', key: 'late', body: 'late', runAt: 50 },
      { queue: 'q', key: 'soon', body: 'soon', runAt: 10 },
    ];
    await one.commit({ jobs });
    await two.commit({ jobs });
    assert.equal(await one.claim('q', 'w', 9, 100), null);
    assert.equal(await one.claim('other', 'w', 99, 100), null);
    const job = await one.claim('q', 'w', 20, 100);
    assert.deepEqual([job?.key, job?.attempts], ['soon', 1]);
    assert.equal(await two.claim('q', 'x', 20, 100), null);
    assert.deepEqual(await two.workers(), ['w']);
    assert.equal(await one.finish(job!, { records: [{ kind: 'r', key: 'x', body: 1 }] }), true);
    assert.equal(await one.finish(job!), false);
    assert.equal((await two.record('r', 'x'))?.body, 1);
    await two.commit({ jobs });
    assert.deepEqual(
      [...(await one.jobs('q'))],
      [
        ['done', 1],
        ['queued', 1],
      ],
    );
    assert.equal(await one.nextDue('q'), 50);
  });

  check('a job whose worker died comes back; what that worker still does is refused', async (one, two) => {
    await one.commit({ jobs: [{ queue: 'q', key: 'k', body: 0, runAt: 0 }] });
    const lost = (await one.claim('q', 'w', 1, 10))!;
    assert.equal(await one.extend(lost, 20), true);
    assert.equal(await two.claim('q', 'x', 15, 30), null);
    const again = (await two.claim('q', 'x', 25, 40))!;
    assert.equal(again.attempts, 2);
    assert.equal(await one.extend(lost, 99), false);
    assert.equal(await one.finish(lost, { records: [{ kind: 'r', key: 'x', body: 1 }] }), false);
    assert.equal(await one.record('r', 'x'), null);
    assert.equal(await one.release('x'), 1);
    const third = (await one.claim('q', 'w', 26, 40))!;
    assert.equal(await two.fail(again, 'no', 0), false);
    assert.equal(await one.fail(third, 'try later', 60), true);
    assert.equal(await one.claim('q', 'w', 59, 70), null);
    const last = (await one.claim('q', 'w', 60, 70))!;
    assert.equal(await one.fail(last, 'give up', null), true);
    assert.equal(await one.claim('q', 'w', 999, 1000), null);
    assert.equal((await one.jobs('q')).get('failed'), 1);
  });

  check('a job that nobody has begun can be taken back', async (one) => {
    await one.commit({ jobs: [{ queue: 'q', key: 'k', body: 0, runAt: 0 }] });
    await one.commit({ cancel: [{ queue: 'q', key: 'k' }] });
    assert.equal(await one.claim('q', 'w', 1, 10), null);
  });

  check('two workers share a hundred jobs, each done once', async (one, two) => {
    const jobs = Array.from({ length: 100 }, (_, i) => ({ queue: 'q', key: String(i), body: i, runAt: i }));
    await one.commit({ jobs });
    const done: string[] = [];
    const work = async (store: Store, name: string) => {
      for (
        let job = await store.claim('q', name, 1000, 2000);
        job;
        job = await store.claim('q', name, 1000, 2000)
      ) {
        done.push(job.key);
        assert.equal(await store.finish(job), true);
      }
    };
    await Promise.all([work(one, 'a'), work(two, 'b'), work(one, 'c')]);
    assert.deepEqual(
      done.map(Number).sort((a, b) => a - b),
      jobs.map((job) => job.body),
    );
  });
}
