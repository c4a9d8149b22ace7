/* The last use comes before the put. */
struct mm_struct {
	atomic_t mm_users;
	struct rw_semaphore mmap_lock;
	unsigned long total_vm;
};

unsigned long pages_of(struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);
	unsigned long pages;

	if (!mm)
		return 0;
	mmap_read_lock(mm);
	pages = mm->total_vm;
	mmap_read_unlock(mm);
	mmput(mm);
	return pages;
}
