/* One way out stays in the read-side section. */
struct node {
	int key;
};

struct node *root;

int root_key(void)
{
	struct node *n;
	int key;

	rcu_read_lock();
	n = rcu_dereference(root);
	if (!n)
		return -ENOENT; /* want "missing-unlock" */ /* fix "{ rcu_read_unlock(); return -ENOENT; }" */
	key = n->key;
	rcu_read_unlock();
	return key;
}
