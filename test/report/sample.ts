/** Hand-made reviews for the report tests: an interleaving with two consequences, and a missing unlock. */
import { readFileSync } from 'node:fs';
import type { Finding, Review } from '../../src/check/finding.ts';
import { type PatchSeries, readSeries } from '../../src/patch/index.ts';
import type { Schedule, Step } from '../../src/sim/program.ts';

const FILE = 'mm/task_policy.c';

/** The bundled example patch. */
export async function exampleSeries(): Promise<PatchSeries> {
  const path = new URL('../../examples/task-policy.patch', import.meta.url);
  return readSeries(readFileSync(path), 'examples/task-policy.patch');
}

/** A step of thread `thread` in `name` at `line`. */
export function step(thread: number, name: string, line: number, text: string): Step {
  return { thread, site: { file: FILE, line, function: name, text }, text, effects: [] };
}

/** The policy is freed between the failed tryget and the use. */
export function freedUnderReader(): Schedule {
  const reader = 'task_policy_get';
  const writer = 'do_set_mempolicy';
  return {
    threads: [
      { name: 'reader', kind: 'task', cpu: 0 },
      { name: 'writer', kind: 'task', cpu: 1 },
      { name: 'free', kind: 'callback', cpu: 1 },
    ],
    steps: [
      step(0, reader, 13, 'rcu_read_lock()'),
      step(0, reader, 14, 'pol = p->mempolicy'),
      step(1, writer, 0, 'p->mempolicy = new'),
      step(1, writer, 0, 'mpol_kill(old)'),
      step(0, reader, 15, 'mpol_tryget(pol) = false'),
      step(0, reader, 17, 'rcu_read_unlock()'),
      step(2, 'mpol_free', 0, 'kmem_cache_free(pol)'),
      step(0, 'task_policy_mode', 29, 'mode = pol->mode'),
    ],
    violation: {
      hazard: 'use-after-free',
      thread: 0,
      site: { file: FILE, line: 29, function: 'task_policy_mode', text: 'mode = pol->mode' },
      message: 'pol is read after it was freed',
      object: 'mempolicy#1',
    },
  };
}

/** One thread that returns with a lock. */
export function lockKept(): Schedule {
  const name = 'task_policy_mode';
  return {
    threads: [{ name, kind: 'task', cpu: 0 }],
    steps: [
      step(0, name, 25, 'task_lock(p)'),
      step(0, name, 28, 'if (pol)'),
      step(0, name, 32, 'return mode'),
    ],
    violation: {
      hazard: 'missing-unlock',
      thread: 0,
      site: { file: FILE, line: 32, function: name, text: 'return mode' },
      message: 'returns with p->alloc_lock held',
    },
  };
}

/** A finding on the inverted test, changed as asked. */
export function finding(change: Partial<Finding> = {}): Finding {
  return {
    id: 'f3a1c2',
    hazard: 'mempolicy/percpu-ref',
    class: 'use-after-free',
    confidence: 'proven',
    patch: 1,
    file: FILE,
    line: 15,
    endLine: 16,
    side: 'RIGHT',
    function: 'task_policy_get',
    title: 'the result of mpol_tryget() is used the wrong way round',
    message:
      'The test is inverted: mpol_tryget() returns true when it took the reference. When it fails, the caller gets a policy that is already being freed:',
    assumptions: [],
    schedule: freedUnderReader(),
    replay: 'L1-ab12cd',
    fix: null,
    consequences: [],
    ...change,
  };
}

/** A review of the example with these findings. */
export function review(findings: Finding[], change: Partial<Review> = {}): Review {
  return {
    tool: { name: 'lockstep', version: '0.1.0' },
    series: {
      subject: 'mm: let procfs read the policy mode of another task',
      messageId: '',
      version: 2,
      patches: 1,
    },
    findings,
    fixed: [],
    notes: [],
    skipped: [],
    stats: { functions: 2 },
    ...change,
  };
}
