/**
 * The reduction against none: on every program under programs/ for hazards and primitives, and every model under rules/, the optimal
 * exploration finds as many executions, and the same hazards, as one that goes through all schedules and only counts traces.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { count, exploreAll, type Program } from '../../src/sim/index.ts';
import { parseProgram } from '../../src/sim/text.ts';
import { modelPrograms } from './models.ts';

const root = new URL('programs/', import.meta.url);
const texts = ['hazards', 'primitives'].flatMap((dir) =>
  readdirSync(new URL(`${dir}/`, root)).map((file) => {
    const name = `${dir}/${file}`;
    return { name, program: parseProgram(readFileSync(new URL(name, root), 'utf8'), {}, name).program };
  }),
);

/** More preemptions than any of these programs has steps. */
const ALL = { bound: 1000 };

function hazardsOf(program: Program, options = {}): string[] {
  return exploreAll(program, options).verdicts.map((v) => v.schedule.violation.hazard);
}

for (const { name, program } of [...texts, ...modelPrograms()]) {
  test(`${name}: nothing is missed, nothing is explored twice`, () => {
    const { complete, blocked, deadlocked, redundant } = count(program);
    const all = count(program, ALL);
    assert.equal(all.reason, '');
    assert.deepEqual(
      { complete, blocked, deadlocked, redundant },
      { complete: all.complete, blocked: all.blocked, deadlocked: all.deadlocked, redundant: 0 },
    );
    assert.deepEqual(hazardsOf(program), hazardsOf(program, ALL));
  });
}
