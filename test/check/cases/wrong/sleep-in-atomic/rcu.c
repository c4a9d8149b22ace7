/* Reschedules inside the read-side section. */
struct node {
	int key;
};

struct node *root;

int root_key(void)
{
	struct node *n;
	int key = 0;

	rcu_read_lock();
	n = rcu_dereference(root);
	cond_resched(); /* want "sleep-in-atomic" */ /* fix "" */
	if (n)
		key = n->key;
	rcu_read_unlock();
	return key;
}
