/* Uses the address space after giving up the reference that kept it. */
struct mm_struct {
	atomic_t mm_users;
	unsigned long total_vm;
};

long task_pages(struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);

	if (!mm)
		return 0;
	mmput(mm);
	return mm->total_vm; /* want "use-after-put" */ /* fix "return 1;" */
}
