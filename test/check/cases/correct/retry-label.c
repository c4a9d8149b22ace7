/* A retry label above the acquisition, reached only with the lock given back. */
struct gate {
	spinlock_t lock;
	int open;
	int tries;
};

int gate_pass(struct gate *g)
{
retry:
	spin_lock(&g->lock);
	if (!g->open) {
		g->tries++;
		spin_unlock(&g->lock);
		cond_resched();
		goto retry;
	}
	g->open = 0;
	spin_unlock(&g->lock);
	return 0;
}
