/* A continue skips the put of its round. */
struct mm_struct {
	atomic_t mm_users;
	unsigned long total_vm;
};

long sum_pages(struct task_struct **tasks, int count)
{
	long pages = 0;
	int i;

	for (i = 0; i < count; i++) {
		struct mm_struct *mm = get_task_mm(tasks[i]);

		if (!mm)
			continue;
		if (mm->total_vm == 0)
			continue; /* fix "{ mmput(mm); continue; }" */
		pages += mm->total_vm;
		mmput(mm);
	}
	return pages; /* want "ref-leak" */
}
