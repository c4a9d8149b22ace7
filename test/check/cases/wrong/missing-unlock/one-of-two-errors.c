/* Of two ways out with the same result, one forgets the lock. */
struct box {
	struct mutex lock;
	int open;
	int size;
};

int box_size(struct box *b, int limit)
{
	int size;

	mutex_lock(&b->lock);
	if (!b->open)
		return -EINVAL; /* want "missing-unlock" */ /* fix "goto inval;" */
	size = b->size;
	if (size > limit)
		goto inval;
	mutex_unlock(&b->lock);
	return size;
inval:
	mutex_unlock(&b->lock);
	return -EINVAL;
}
