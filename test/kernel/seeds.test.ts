/**
 * What the discussions behind the models are told: the code in their arguments, written into functions, and the archived mail on
 * a percpu_ref in mempolicy. The mail is read where it is (LOCKSTEP_SHARED, else ../shared); where it is not, the test says so.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Finding, programOf, replayToken, reviewSeries } from '../../src/check/index.ts';
import { readInputs } from '../../src/patch/index.ts';
import { loadRules } from '../../src/rules/index.ts';
import { openSource } from '../../src/source/index.ts';
import { kernelTree } from '../kernel-tree.ts';

const RULES = loadRules(fileURLToPath(new URL('../../rules', import.meta.url)));

/** Reviews a text, and checks that every schedule is there and replays. */
async function review(name: string, text: string | Buffer, tree?: string): Promise<Finding[]> {
  const series = await readInputs([{ content: Buffer.from(text), name }]);
  const source = openSource(tree === undefined ? { series } : { tree, series });
  const { review: result, programs } = reviewSeries(series, source, RULES, 'test');
  for (const finding of result.findings) {
    assert.ok(finding.schedule.steps.length > 0, finding.title);
    assert.deepEqual(
      replayToken(finding.replay, programs.get(programOf(finding.replay)!)!),
      finding.schedule,
    );
    assert.doesNotMatch(`${finding.title} ${finding.message}`, /[{}]/, 'every slot is filled');
  }
  return result.findings;
}

/** A patch that adds a file. */
function added(path: string, body: string): string {
  const lines = body.trim().split('\n');
  return [
    `diff --git a/${path} b/${path}`,
    'new file mode 100644',
    '--- /dev/null',
    `+++ b/${path}`,
    `@@ -0,0 +1,${lines.length} @@`,
    ...lines.map((line) => `+${line}`),
    '',
  ].join('\n');
}

const said = (findings: Finding[]) => findings.map((f) => `${f.class} ${f.function} ${f.line}`);

const USE_AFTER_MMPUT = `
int poke(struct mm_struct *mm, unsigned long addr, unsigned long b)
{
	struct vm_area_struct *vma;

	mmget(mm);
	vma = find_vma(mm, addr);
	lock_vma(vma);
	mmput(mm);
	vma->a = b;
	unlock_vma(mm, vma);
	return 0;
}
`;

test('D3: the mm is given up while a VMA of it is in use', async () => {
  const [finding, ...others] = await review('d3', added('mm/poke.c', USE_AFTER_MMPUT));
  assert.deepEqual(others, []);
  assert.deepEqual([finding?.class, finding?.line], ['use-after-put', 9]);
  const late = USE_AFTER_MMPUT.replace('\tmmput(mm);\n', '').replace(
    '\treturn 0;',
    '\tmmput(mm);\n\treturn 0;',
  );
  assert.deepEqual(said(await review('d3', added('mm/poke.c', late))), []);
});

const HUGE = `
static vm_fault_t huge_add(struct mm_struct *mm, struct vm_area_struct *vma, struct hstate *h, unsigned long haddr)
{
	vm_fault_t ret = 0;
	spinlock_t *ptl;
	pte_t *ptep;

	ptep = huge_pte_alloc(mm, haddr, huge_page_size(h));
	if (!ptep)
		return VM_FAULT_OOM;
	ptl = huge_pte_lock(h, mm, ptep);
	RETRY
	set_huge_pte_at(mm, haddr, ptep, make_huge_pte(vma));
	spin_unlock(ptl);
backout_unlocked:
	return ret;
}
`;
const RETRY = `while (ptep != huge_pte_offset(mm, haddr, huge_page_size(h))) {
		spin_unlock(ptl);
		ptep = huge_pte_alloc(mm, haddr, huge_page_size(h));
		if (!ptep) {
			ret = VM_FAULT_OOM;
			goto backout_unlocked;
		}
		ptl = huge_pte_lock(h, mm, ptep);
	}`;

for (const [design, retry] of [
  ['E0', ''],
  ['E1', RETRY],
] as const)
  test(`${design}: nothing keeps the page that the page table lock is in`, async () => {
    const text = HUGE.replace('RETRY', retry);
    const [finding, ...others] = await review(design, added('mm/huge.c', text));
    assert.deepEqual(others, []);
    assert.equal(finding?.class, 'lock-lifetime');
    assert.equal(finding.confidence, 'likely');
    assert.match(finding.assumptions.join(), /i_mmap_rwsem/);
    const held = text
      .replace('\tptep = huge', '\thugetlb_vma_lock_read(vma);\n\tptep = huge')
      .replace(
        '\tif (!ptep)\n\t\treturn VM_FAULT_OOM;',
        '\tif (!ptep) {\n\t\tret = VM_FAULT_OOM;\n\t\tgoto backout_unlocked;\n\t}',
      )
      .replace('backout_unlocked:\n', 'backout_unlocked:\n\thugetlb_vma_unlock_read(vma);\n');
    assert.deepEqual(said(await review(design, added('mm/huge.c', held))), []);
  });

test('C0: a fault that is mended on the way into the scheduler', async () => {
  const text = `
static int fix_pagefault(unsigned long uaddr, bool write_fault)
{
	struct mm_struct *mm = current->mm;
	int ret;

	mmap_read_lock(mm);
	ret = fixup_user_fault(mm, uaddr, write_fault ? FAULT_FLAG_WRITE : 0, NULL);
	mmap_read_unlock(mm);
	return ret < 0 ? ret : 0;
}

static void umcg_sleeping(struct task_struct *tsk)
{
	if (__put_user(1, tsk->umcg_state))
		fix_pagefault((unsigned long)tsk->umcg_state, true);
}

static inline void sched_submit_work(struct task_struct *tsk)
{
	umcg_sleeping(tsk);
}
`;
  const findings = await review('c0', added('kernel/sched/core.c', text));
  assert.deepEqual(said(findings), ['sleep-in-atomic sched_submit_work 20']);
  assert.match(findings[0]!.message, /fix_pagefault\(\) -> mmap_read_lock\(\)/);
  const elsewhere = added('kernel/sched/core.c', text.replace('sched_submit_work', 'umcg_wait'));
  assert.deepEqual(said(await review('c0', elsewhere)), []);
});

test("A2x, and what A2 assumes: a free that is left to the target's task work", async () => {
  const text = `
static void mpol_free_async(struct callback_head *work)
{
	kmem_cache_free(policy_cache, container_of(work, struct mempolicy, w.cb_head));
}

void mpol_put_async(struct task_struct *task, struct mempolicy *p)
{
	init_task_work(&p->w.cb_head, mpol_free_async);
	if (!task_work_add(task, &p->w.cb_head, TWA_SIGNAL_NO_IPI))
		return;
	kmem_cache_free(policy_cache, p);
}
`;
  const [finding, ...others] = await review('a2', added('mm/policy.c', text));
  assert.deepEqual(others, []);
  assert.equal(finding?.class, 'use-after-free');
  assert.match(finding.message, /readers that run in the target itself \(not another task/);
  assert.match(finding.message, /exit_task_work\(\), task_work_add\(\) fails/);
  // Nothing is freed at once: then a target that exits is no danger.
  const kept = text.replace('\tkmem_cache_free(policy_cache, p);\n', '\tsynchronize_exit(task, p);\n');
  assert.deepEqual(said(await review('a2', added('mm/policy.c', kept))), []);
});

const shared = process.env.LOCKSTEP_SHARED ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const seed = join(shared, 'seeds/001.txt');

if (!existsSync(seed)) console.log(`# no ${seed}: set LOCKSTEP_SHARED to the directory with seeds/001.txt`);
else {
  const text = readFileSync(seed);
  test('B1, B2, and as questions B4 and B5: the mail alone', async () => {
    assert.deepEqual(said(await review(seed, text)), [
      'ref-leak mpol_put 78',
      'tryget-misuse get_task_mpol 169',
      'sleep-in-atomic shared_policy_replace 2742',
      'uninit-ref shared_policy_replace 2781',
    ]);
  });
  test('B1, B2, B4, B5 and B6: the mail with a kernel tree', async () => {
    const findings = await review(seed, text, kernelTree('6.1'));
    assert.deepEqual(said(findings), [
      'ref-leak mpol_put 78',
      'tryget-misuse get_task_mpol 169',
      'ref-leak get_task_policy 186',
      'sleep-in-atomic shared_policy_replace 2741',
      'missing-unlock shared_policy_replace 2743',
      'uninit-ref shared_policy_replace 2780',
    ]);
    assert.match(findings[2]!.message, /alloc_pages\(\)/);
    assert.doesNotMatch(findings[2]!.message, /get_vma_policy/, 'it hands the reference on');
  });
}
