/* Each label undoes one step more than the one below it. */
struct pair {
	struct mutex lock;
	void *left;
	void *right;
};

int pair_fill(struct pair *p, size_t size)
{
	void *left, *right;
	int err = -ENOMEM;

	left = kmalloc(size, GFP_KERNEL);
	if (!left)
		goto out;
	right = kmalloc(size, GFP_KERNEL);
	if (!right)
		goto free_left;
	mutex_lock(&p->lock);
	if (p->left) {
		err = -EBUSY;
		goto unlock;
	}
	p->left = left;
	p->right = right;
	mutex_unlock(&p->lock);
	return 0;

unlock:
	mutex_unlock(&p->lock);
	kfree(right);
free_left:
	kfree(left);
out:
	return err;
}
