/* Interrupted while waiting for the lock, with memory in hand. */
struct slot {
	struct mutex lock;
	void *thing;
};

int slot_fill(struct slot *s)
{
	void *thing = kzalloc(64, GFP_KERNEL);

	if (!thing)
		return -ENOMEM;
	if (mutex_lock_interruptible(&s->lock))
		return -EINTR; /* want "leak" */ /* fix "{ kfree(thing); return -EINTR; }" */
	s->thing = thing;
	mutex_unlock(&s->lock);
	return 0;
}
