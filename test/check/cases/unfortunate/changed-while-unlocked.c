/*
 * The lock is dropped while memory is allocated, and somebody else may have filled the slot meanwhile; then what
 * was made here leaks. Right: leak at the last line. Today what was learned under the lock the first time is
 * believed after it is taken again, and the branch for a lost race is never looked at.
 */
struct slot {
	spinlock_t lock;
	void *thing;
};

void slot_fill(struct slot *s)
{
	void *fresh;

	spin_lock(&s->lock);
	if (s->thing)
		goto out;
	spin_unlock(&s->lock);
	fresh = kmalloc(128, GFP_KERNEL);
	spin_lock(&s->lock);
	if (s->thing)
		goto out;
	s->thing = fresh;
out:
	spin_unlock(&s->lock);
}
