/*
 * A worker thread T is about to block, and its state in a user page U has to
 * say so. The scheduler calls the hook with preemption off: a task that slept
 * there would enter the scheduler from within it.
 *
 * Writing U fails while the page is not there (U.present is 0).
 */
struct mm_struct {
	struct rw_semaphore mmap_lock;
};

struct umcg_page {
	int present;
	int state;
};

struct task_struct {
	struct mm_struct *mm;
	int state;
	struct completion asked;
	struct completion stopped;
};

struct mm_struct M;
struct umcg_page U;
struct task_struct T;

void setup(void)
{
	T.mm = &M;
	U.present = 1;
}

/* Reclaim may take the page away at any time. */
void reclaim(struct umcg_page *page)
{
	page->present = 0;
}

/* A write with page faults off: an error and no sleep when the page is gone. */
static int put_user_state(struct umcg_page *page, int state)
{
	int ret = 0;

	pagefault_disable();
	if (page->present)
		page->state = state;
	else
		ret = -EFAULT;
	pagefault_enable();
	return ret;
}

static int fix_pagefault(struct mm_struct *mm, struct umcg_page *page)
{
	mmap_read_lock(mm);
	page->present = 1;
	mmap_read_unlock(mm);
	return 0;
}

/* From the scheduler: write, and fix the fault there and then. */
void submit_work_fixing(struct task_struct *t, struct umcg_page *page)
{
	preempt_disable();
	if (put_user_state(page, 1))
		fix_pagefault(t->mm, page);
	preempt_enable();
}

/* A helper that says it does not sleep, called by somebody who believes it. */
static int put_user_nosleep(struct task_struct *t, struct umcg_page *page, int state)
{
	if (!put_user_state(page, state))
		return 0;
	if (fix_pagefault(t->mm, page))
		return -EFAULT;
	return put_user_state(page, state);
}

void caller_of_nosleep(struct task_struct *t, struct umcg_page *page)
{
	preempt_disable();
	put_user_nosleep(t, page, 1);
	preempt_enable();
}

/* What a patched helper is put into: its comment says that it may be called like this. */
void atomic_caller(struct task_struct *t)
{
	preempt_disable();
	helper();
	preempt_enable();
}

/* What a patched hook is put into: schedule() calls it when the task is about to block. */
void schedule_hook(struct task_struct *t)
{
	preempt_disable();
	hook(t);
	preempt_enable();
}

/* From the scheduler: one try, an error is nobody's business. */
void submit_work_once(struct task_struct *t, struct umcg_page *page)
{
	t->state = 1;
	preempt_disable();
	put_user_state(page, 1);
	preempt_enable();
	complete(&t->stopped);
}

/* As before, and before the thread goes on to sleep it tries again where it may. */
void submit_work_retried(struct task_struct *t, struct umcg_page *page)
{
	int ret;

	t->state = 1;
	preempt_disable();
	ret = put_user_state(page, 1);
	preempt_enable();
	if (ret) {
		mmap_read_lock(t->mm);
		page->state = 1;
		mmap_read_unlock(t->mm);
	}
	complete(&t->stopped);
}

/* Who reads the page when all is quiet must find what the kernel knows. */
void server(struct task_struct *t, struct umcg_page *page)
{
	wait_for_completion(&t->stopped);
	lockstep_claim(page->state == t->state, "lost-update", "the user page never says that the worker has blocked");
}
