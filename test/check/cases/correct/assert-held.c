/* Called with the lock held, which is dropped and taken again. */
struct ring {
	spinlock_t lock;
	int full;
};

void ring_wait(struct ring *r)
{
	lockdep_assert_held(&r->lock);
	while (r->full) {
		spin_unlock(&r->lock);
		schedule();
		spin_lock(&r->lock);
	}
}
