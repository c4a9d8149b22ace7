/* The caller's lock is released on every way out. */
struct slot {
	spinlock_t lock;
	int users;
};

int slot_release(struct slot *s)
{
	int left;

	if (s->users == 0) {
		spin_unlock(&s->lock);
		return 0;
	}
	left = --s->users;
	spin_unlock(&s->lock);
	return left;
}
