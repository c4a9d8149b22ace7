/* The lock is given back when it was not taken, and kept when it was. */
struct gauge {
	struct mutex lock;
	int value;
};

int gauge_read(struct gauge *g, int locked)
{
	int value;

	if (!locked)
		mutex_lock(&g->lock);
	value = g->value;
	if (locked == 2) /* fix "if (!locked)" */
		mutex_unlock(&g->lock); /* want "double-unlock" */
	return value; /* want "missing-unlock" */
}
