/* A function without a result. */
struct box {
	spinlock_t lock;
	int open;
};

void box_close(struct box *b)
{
	spin_lock(&b->lock);
	if (!b->open)
		return; /* want "missing-unlock" */ /* fix "goto out;" */
	b->open = 0;
out:
	spin_unlock(&b->lock);
}
