/* The lock is held in the block, and only there. */
struct gauge {
	spinlock_t lock;
	int value;
};

int gauge_reset(struct gauge *g)
{
	int old;

	scoped_guard(spinlock, &g->lock) {
		old = g->value;
		if (old == 0)
			return 0;
		g->value = 0;
	}
	cond_resched();
	return old;
}
