/**
 * The core against brute force on random programs: as many executions as there are traces, none in vain, the same hazards.
 *
 * SIM_SEED and SIM_PROGRAMS choose other programs; the seeds are printed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, exploreAll, replay } from '../../src/sim/index.ts';
import { enumerate } from './oracle.ts';
import { FAMILIES } from './random-kernel.ts';
import { familyOf, randomProgram } from './random-program.ts';

const FIRST = Number(process.env.SIM_SEED ?? 1);
const PROGRAMS = Number(process.env.SIM_PROGRAMS ?? 2000);
const MOST_PREFIXES = 3_000;

test(`random programs: executions are traces, verdicts agree (seeds ${FIRST} to ${FIRST + PROGRAMS - 1} and on)`, (t) => {
  let checked = 0;
  let traces = 0;
  let wrong = 0;
  let seed = FIRST;
  const families = new Map<string, number>();
  for (; checked < PROGRAMS; seed++) {
    const program = randomProgram(seed);
    const expected = enumerate(program, MOST_PREFIXES);
    if (expected === undefined) continue;
    checked++;
    const family = familyOf(seed) ?? 'mixed';
    families.set(family, (families.get(family) ?? 0) + 1);
    const { complete, blocked, redundant } = count(program);
    assert.deepEqual(
      { complete, blocked, redundant },
      { complete: expected.complete, blocked: expected.blocked, redundant: 0 },
      `seed ${seed}`,
    );
    const { verdicts } = exploreAll(program);
    const hazards = verdicts.map((v) => v.schedule.violation.hazard).sort();
    assert.deepEqual(hazards, expected.hazards, `seed ${seed}`);
    for (const v of verdicts) assert.deepEqual(replay(program, v.token), v.schedule, `seed ${seed}`);
    traces += complete + blocked;
    wrong += hazards.length > 0 ? 1 : 0;
  }
  t.diagnostic(
    `seeds ${FIRST} to ${seed - 1}: ${checked} programs, ${traces} traces, ${wrong} with a violation`,
  );
  t.diagnostic([...families].map(([family, n]) => `${family} ${n}`).join(', '));
  for (const family of FAMILIES)
    assert.ok((families.get(family) ?? 0) > checked / 40, `there are programs about ${family}`);
  assert.ok(traces > 10 * checked && wrong > checked / 20, 'the programs do something');
});
