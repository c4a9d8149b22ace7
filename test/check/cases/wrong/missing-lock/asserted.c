/* Asserts a lock that it has given back. */
struct ring {
	spinlock_t lock;
	int head;
};

void ring_step(struct ring *r)
{
	spin_lock(&r->lock);
	r->head++;
	spin_unlock(&r->lock); /* fix "" */
	lockdep_assert_held(&r->lock); /* want "missing-lock" */ /* fix "lockdep_assert_held(&r->lock); spin_unlock(&r->lock);" */
}
