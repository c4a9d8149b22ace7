/* The second lookup overwrites the first, which nobody can put any more. */
struct mm_struct {
	atomic_t mm_users;
	unsigned long total_vm;
};

long both_big(struct task_struct *one, struct task_struct *other)
{
	struct mm_struct *mm;
	long big = 0;

	mm = get_task_mm(one);
	if (!mm)
		return 0;
	if (mm->total_vm > 1000)
		big = 1; /* fix "big = 1;" */
	mm = get_task_mm(other); /* fix "mmput(mm); mm = get_task_mm(other);" */
	if (!mm)
		return big; /* want "ref-leak" */
	if (mm->total_vm > 1000)
		big++;
	mmput(mm);
	return big;
}
