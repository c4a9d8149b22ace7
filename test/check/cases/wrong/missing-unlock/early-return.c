/* One of the ways out forgets the lock. */
struct box {
	struct mutex lock;
	int open;
	int size;
};

int box_size(struct box *b)
{
	int size;

	mutex_lock(&b->lock);
	if (!b->open)
		return -EINVAL; /* want "missing-unlock" */ /* fix "{ mutex_unlock(&b->lock); return -EINVAL; }" */
	size = b->size;
	mutex_unlock(&b->lock);
	return size;
}
