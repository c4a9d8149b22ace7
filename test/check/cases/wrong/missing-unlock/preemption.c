/* get_cpu() disables preemption until put_cpu(). */
int stat_take(int *counters, int limit)
{
	int cpu = get_cpu();

	if (counters[cpu] > limit)
		return -EBUSY; /* want "missing-unlock" */ /* fix "{ put_cpu(); return -EBUSY; }" */
	counters[cpu]++;
	put_cpu();
	return 0;
}
