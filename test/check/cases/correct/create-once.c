/* Made without the lock, then either kept or freed when somebody was faster. */
struct slot {
	spinlock_t lock;
	void *thing;
};

void *slot_thing(struct slot *s)
{
	void *thing, *fresh;

	spin_lock(&s->lock);
	thing = s->thing;
	spin_unlock(&s->lock);
	if (thing)
		return thing;
	fresh = kmalloc(128, GFP_KERNEL);
	if (!fresh)
		return NULL;
	spin_lock(&s->lock);
	if (s->thing) {
		kfree(fresh);
		fresh = s->thing;
	} else {
		s->thing = fresh;
	}
	spin_unlock(&s->lock);
	return fresh;
}
