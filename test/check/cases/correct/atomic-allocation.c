/* GFP_ATOMIC and GFP_NOWAIT do not sleep. */
struct bag {
	spinlock_t lock;
	void *spare;
	void *other;
};

int bag_fill(struct bag *b)
{
	spin_lock(&b->lock);
	b->spare = kmalloc(32, GFP_ATOMIC);
	b->other = kmalloc(32, GFP_NOWAIT | __GFP_NOWARN);
	spin_unlock(&b->lock);
	return b->spare ? 0 : -ENOMEM;
}
