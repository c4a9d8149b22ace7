/* A guard gives the lock back by itself. */
struct gauge {
	struct mutex lock;
	int value;
};

int gauge_add(struct gauge *g, int by)
{
	guard(mutex)(&g->lock);
	if (by < 0)
		return -EINVAL;
	g->value += by;
	return g->value;
}
