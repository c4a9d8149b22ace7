/* On success the caller gets the object locked, on failure not: every success is alike. */
struct slot {
	spinlock_t lock;
	int dead;
};

struct slot *slot_lock(struct slot *s)
{
	if (!s)
		return NULL;
	spin_lock(&s->lock);
	if (s->dead) {
		spin_unlock(&s->lock);
		return NULL;
	}
	return s;
}
