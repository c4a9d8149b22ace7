/* The same condition decides twice, so the lock is always given back. */
struct gauge {
	spinlock_t lock;
	int value;
};

int gauge_read(struct gauge *g, bool locked)
{
	int value;

	if (!locked)
		spin_lock(&g->lock);
	value = g->value;
	if (!locked)
		spin_unlock(&g->lock);
	return value;
}
