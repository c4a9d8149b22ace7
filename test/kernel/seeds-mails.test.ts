/**
 * What the mails behind the models are told. They are data that anybody can fetch and that is not kept here: LOCKSTEP_MAILS names a
 * directory with pidfd.eml ("[PATCH v2] mm: add new syscall pidfd_set_mempolicy().", linux-api, 2022-11-11), umcg.eml ("[PATCH 2/4
 * v0.5] sched/umcg: RFC: add userspace atomic helpers", linux-api, 2021-09-08) and vma-39.eml ("[PATCH 39/41] kernel/fork: throttle
 * call_rcu() calls in vm_area_free", linuxppc-dev, 2023-01-09). Without it the test says so and looks at nothing.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { programOf, replayToken, reviewSeries } from '../../src/check/index.ts';
import { readInputs } from '../../src/patch/index.ts';
import { loadRules } from '../../src/rules/index.ts';
import { openSource } from '../../src/source/index.ts';
import { kernelTree } from '../kernel-tree.ts';

const RULES = loadRules(fileURLToPath(new URL('../../rules', import.meta.url)));
const dir = process.env.LOCKSTEP_MAILS ?? '';

/** The mail, and what the models say of it: class, function, and words that must be there. */
const SAID: [mail: string, findings: [string, string, RegExp][]][] = [
  [
    'pidfd.eml',
    [
      [
        'use-after-free',
        'mpol_put_async',
        /exit_task_work\(\), task_work_add\(\) fails and mpol_put_async\(\) frees/,
      ],
    ],
  ],
  [
    'umcg.eml',
    [
      ['sleep-in-atomic', 'get_user_nosleep', /fix_pagefault\(\) -> mmap_read_lock\(\) may/],
      ['sleep-in-atomic', 'put_user_nosleep', /fix_pagefault\(\) -> mmap_read_lock\(\) may/],
    ],
  ],
  ['vma-39.eml', [['overlay', 'vm_area_free', /^vm_free_list shares its memory with vm_file/]]],
];

for (const [mail, expected] of SAID) {
  const file = join(dir, mail);
  if (dir === '' || !existsSync(file)) {
    console.log(`# no ${mail}: set LOCKSTEP_MAILS to a directory that has it`);
    continue;
  }
  test(`what the models say of ${mail}`, async () => {
    const series = await readInputs([{ content: readFileSync(file), name: file }]);
    const { review, programs } = reviewSeries(
      series,
      openSource({ tree: kernelTree('6.1'), series }),
      RULES,
      'test',
    );
    const findings = review.findings.filter((f) => !f.hazard.startsWith('generic/'));
    assert.deepEqual(
      findings.map((f) => [f.class, f.function]),
      expected.map(([hazard, name]) => [hazard, name]),
    );
    for (const [i, { message, replay, schedule }] of findings.entries()) {
      assert.match(message, expected[i]![2]);
      assert.ok(schedule.steps.length > 0);
      assert.deepEqual(replayToken(replay, programs.get(programOf(replay)!)!), schedule);
    }
  });
}
