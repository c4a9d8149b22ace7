/* The read-side section is left on one way out only. */
struct node {
	int key;
};

struct node *root;

void root_touch(void)
{
	struct node *n;

	rcu_read_lock();
	n = rcu_dereference(root);
	if (!n)
		return; /* want "missing-unlock" */ /* fix "goto out;" */
	n->key = 1;
out:
	rcu_read_unlock();
}
