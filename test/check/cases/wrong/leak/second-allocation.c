/* The second allocation fails, the first is forgotten. */
struct pair {
	void *left;
	void *right;
};

int pair_fill(struct pair *p, size_t size)
{
	void *left, *right;

	left = kmalloc(size, GFP_KERNEL);
	if (!left)
		return -ENOMEM;
	right = kmalloc(size, GFP_KERNEL);
	if (!right)
		return -ENOMEM; /* want "leak" */ /* fix "{ kfree(left); return -ENOMEM; }" */
	p->left = left;
	p->right = right;
	return 0;
}
