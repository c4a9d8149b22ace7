/* The jump goes past the label that unlocks. */
struct box {
	struct mutex lock;
	int open;
	int size;
};

int box_grow(struct box *b, int by)
{
	int err = 0;

	mutex_lock(&b->lock);
	if (!b->open) {
		err = -EINVAL;
		goto out; /* fix "goto unlock;" */
	}
	b->size += by;
unlock:
	mutex_unlock(&b->lock);
out:
	return err; /* want "missing-unlock" */
}
