/* get_task_mm() takes a reference on the address space. */
struct mm_struct {
	atomic_t mm_users;
	struct rw_semaphore mmap_lock;
	unsigned long total_vm;
};

long task_pages(struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	long pages;

	if (!mm)
		return 0;
	if (mmap_read_lock_killable(mm))
		return -EINTR; /* want "ref-leak" */ /* fix "{ mmput(mm); return -EINTR; }" */
	pages = mm->total_vm;
	mmap_read_unlock(mm);
	mmput(mm);
	return pages;
}
