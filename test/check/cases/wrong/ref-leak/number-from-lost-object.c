/*
 * A reference is lost while a number that was read from the object is returned.
 */
struct mm_struct {
	atomic_t mm_users;
	unsigned long total_vm;
};

unsigned long task_pages(struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);

	if (!mm)
		return 0;
	if (mm->total_vm > 5)
		return mm->total_vm; /* want "ref-leak" */ /* fix "{ mmput(mm); return 6; }" */
	mmput(mm);
	return 1;
}
