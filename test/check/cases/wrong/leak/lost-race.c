/* Somebody was faster, and what was made here is dropped on the floor. */
struct slot {
	spinlock_t lock;
	void *thing;
};

void *slot_thing(struct slot *s)
{
	void *thing;
	void *fresh = kmalloc(128, GFP_KERNEL);

	if (!fresh)
		return NULL;
	spin_lock(&s->lock);
	thing = s->thing;
	if (!thing) {
		thing = fresh;
		s->thing = thing;
	} /* fix "} else { kfree(fresh); }" */
	spin_unlock(&s->lock);
	return thing; /* want "leak" */
}
