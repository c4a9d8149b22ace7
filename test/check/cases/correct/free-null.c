/* Freeing NULL does nothing, so that one exit serves all. */
int sum_up(size_t size)
{
	int *left = NULL, *right = NULL;
	int err = -ENOMEM;

	left = kmalloc(size, GFP_KERNEL);
	if (!left)
		goto out;
	right = kmalloc(size, GFP_KERNEL);
	if (!right)
		goto out;
	err = compute_sum(left, right);
out:
	kfree(right);
	kfree(left);
	return err;
}
