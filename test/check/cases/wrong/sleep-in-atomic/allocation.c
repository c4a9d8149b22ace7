/* Allocates with GFP_KERNEL under a spinlock. */
struct bag {
	spinlock_t lock;
	void *spare;
};

void bag_fill(struct bag *b)
{
	spin_lock(&b->lock);
	b->spare = kmalloc(32, GFP_KERNEL); /* want "sleep-in-atomic" */ /* fix "b->spare = kmalloc(32, GFP_ATOMIC);" */
	spin_unlock(&b->lock);
}
