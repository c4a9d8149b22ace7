struct mm_struct {
	struct rw_semaphore mmap_lock;
};

struct task_struct {
	struct mm_struct *mm;
	u32 __user *umcg_state;
	int umcg_wanted;
	int flags;
};

/* Mends a fault at a user address; may sleep. */
static int umcg_fix_fault(unsigned long addr)
{
	struct mm_struct *mm = current->mm;
	int ret;

	mmap_read_lock(mm);
	ret = fixup_user_fault(mm, addr, FAULT_FLAG_WRITE, NULL);
	mmap_read_unlock(mm);
	return ret;
}

/* Writes the state if the page is there. */
static int umcg_put_state(struct task_struct *tsk, u32 state)
{
	int ret;

	pagefault_disable();
	ret = __put_user(state, tsk->umcg_state);
	pagefault_enable();
	return ret;
}

static inline void sched_submit_work(struct task_struct *tsk)
{
	if (tsk->flags & PF_UMCG_WORKER)
		tsk->umcg_wanted = 1;
}
