/* The lock lives in what was freed. */
struct cell {
	spinlock_t lock;
	int dead;
};

void cell_kill(struct cell *c)
{
	spin_lock(&c->lock);
	c->dead = 1;
	kfree(c); /* fix "" */
	spin_unlock(&c->lock); /* want "use-after-free" */
}
