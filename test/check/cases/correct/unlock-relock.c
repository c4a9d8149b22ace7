/* The lock is dropped around what may sleep. */
struct pool {
	spinlock_t lock;
	void *spare;
};

void pool_refill(struct pool *p)
{
	void *fresh;

	spin_lock(&p->lock);
	while (!p->spare) {
		spin_unlock(&p->lock);
		fresh = kmalloc(64, GFP_KERNEL);
		spin_lock(&p->lock);
		if (p->spare) {
			kfree(fresh);
			break;
		}
		p->spare = fresh;
		if (!fresh)
			break;
	}
	spin_unlock(&p->lock);
}
