/* A local flag remembers whether the lock was taken. */
struct gauge {
	spinlock_t lock;
	int value;
};

void gauge_set(struct gauge *g, int value, int shared)
{
	bool taken = false;

	if (shared > 1) {
		spin_lock(&g->lock);
		taken = true;
	}
	g->value = value;
	if (taken)
		spin_unlock(&g->lock);
}
