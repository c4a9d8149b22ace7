/** The costs of designs, against what one works out by hand from the cache protocol. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockstep } from './run.ts';

interface Row {
  design: string;
  title: string;
  cpus: number;
  uses: number;
  transfers: number;
  sharedRmws: number;
  rmws: number;
  locks: number;
  handovers: number;
  callbacks: number;
}

const CPUS = [1, 2, 4, 8, 16, 32, 64];

async function rows(...names: string[]): Promise<Row[]> {
  const { status, out, err } = await lockstep(['cost', ...names, '--format', 'json']);
  assert.equal(status, 0, err);
  return JSON.parse(out) as Row[];
}

test('by hand: a count under RCU (A4, B7) moves its line 2 + 1/N times for each use', async () => {
  // N CPUs in step. All take a reference: each finds the count's line modified by the one before, N moves. All read the
  // policy, which is in the same line: the first takes it from the last writer, 1 move, and from then on it is shared. All
  // put: N moves. That is 2N + 1 for N uses. Taking and putting are the two atomic operations, and there is no lock.
  for (const row of await rows('A4', 'B7')) {
    const per = row.cpus === 1 ? 0 : 2 + 1 / row.cpus;
    assert.equal(row.transfers / row.uses, per, `${row.design} on ${row.cpus}`);
    assert.equal(row.sharedRmws / row.uses, row.cpus === 1 ? 0 : 2);
    assert.equal(row.locks, 0);
  }
});

test('by hand: a percpu_ref (B0) moves nothing, however many CPUs there are', async () => {
  // The pointer and the mode of the ref are only read, so their lines stay shared after the first use; each CPU counts in
  // a line of its own: two operations for each use, none of them on a line that anybody else has.
  const found = await rows('B0');
  assert.deepEqual(
    found.map((row) => row.cpus),
    CPUS,
  );
  for (const row of found)
    assert.deepEqual([row.transfers, row.sharedRmws, row.rmws / row.uses, row.locks], [0, 0, 2, 0]);
});

test('by hand: the lock of A3 goes from CPU to CPU, and its line with it', async () => {
  // Whoever gets the lock takes the task's line from the one before, 1 move; taking the reference, reading the policy and
  // putting it each find the policy's line at somebody who did one of these in between, 3 moves. With two CPUs the other
  // one waits for the lock during some of them.
  for (const row of await rows('A3')) {
    assert.equal(row.locks / row.uses, 1);
    if (row.cpus === 1) assert.equal(row.transfers, 0);
    else assert.deepEqual([row.sharedRmws / row.uses, row.handovers / row.uses], [2, 1]);
    if (row.cpus >= 4) assert.equal(row.transfers / row.uses, 4);
  }
});

test('by hand: 10 000 VMAs are 10 000 callbacks, 313 groups of 32, or none', async () => {
  const found = await rows('D5');
  assert.deepEqual(
    found.map((row) => [row.title, row.cpus, row.callbacks / row.uses]),
    [
      ['one call_rcu() each', 1, 10_000],
      ['batches of 32', 1, Math.ceil(10_000 / 32)],
      ['freed at once', 1, 0],
    ],
  );
});

test('text: the four designs side by side, from 1 to 64 CPUs', async () => {
  const { out } = await lockstep(['cost', 'A3', 'A4', 'B0', 'B7']);
  const [moved] = out.split('\n\n');
  assert.match(moved!, /^cache lines moved per allocation:\n {2}CPUs +1 +2 +4 +8 +16 +32 +64\n {2}A3 /);
  assert.match(moved!, /\n {2}B0 +0 +0 +0 +0 +0 +0 +0 /);
});
