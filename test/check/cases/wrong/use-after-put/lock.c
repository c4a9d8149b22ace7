/* Unlocks what nothing keeps any more. */
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
	mmap_read_lock(mm);
	pages = mm->total_vm;
	mmput(mm); /* fix "mmap_read_unlock(mm);" */
	mmap_read_unlock(mm); /* want "use-after-put" */ /* fix "mmput(mm);" */
	return pages;
}
