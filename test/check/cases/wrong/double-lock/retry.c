/* Goes back to the acquisition with the lock held. */
struct gate {
	spinlock_t lock;
	int open;
};

int gate_pass(struct gate *g)
{
retry:
	spin_lock(&g->lock); /* want "double-lock" */
	if (!g->open)
		goto retry; /* fix "{ spin_unlock(&g->lock); goto retry; }" */
	g->open = 0;
	spin_unlock(&g->lock);
	return 0;
}
