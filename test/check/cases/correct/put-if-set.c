/* A pointer that is NULL until a reference was taken. */
struct mm_struct {
	atomic_t mm_users;
	unsigned long total_vm;
};

unsigned long task_pages(struct task_struct *task, int want)
{
	struct mm_struct *mm = NULL;
	unsigned long pages = 0;

	if (want)
		mm = get_task_mm(task);
	if (mm)
		pages = mm->total_vm;
	if (mm)
		mmput(mm);
	return pages;
}
