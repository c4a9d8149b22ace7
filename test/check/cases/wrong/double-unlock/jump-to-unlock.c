/* Unlocks, then jumps to where it is unlocked again. */
struct box {
	struct mutex lock;
	int open;
};

int box_close(struct box *b)
{
	int err = 0;

	mutex_lock(&b->lock);
	if (!b->open) {
		mutex_unlock(&b->lock); /* fix "" */
		err = -EINVAL;
		goto out;
	}
	b->open = 0;
out:
	mutex_unlock(&b->lock); /* want "double-unlock" */
	return err;
}
