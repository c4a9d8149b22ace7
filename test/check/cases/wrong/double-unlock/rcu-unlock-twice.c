/* Leaves the read-side section twice on one way. */
struct node {
	int key;
};

struct node *root;

int root_key(void)
{
	struct node *n;
	int key = -ENOENT;

	rcu_read_lock();
	n = rcu_dereference(root);
	if (!n) {
		rcu_read_unlock(); /* fix "" */
		goto out;
	}
	key = n->key;
out:
	rcu_read_unlock(); /* want "double-unlock" */
	return key;
}
