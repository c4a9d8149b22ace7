/* Every way out leaves the read-side section. */
struct node {
	int key;
	int dead;
};

struct index {
	struct node *root;
};

int index_key(struct index *x)
{
	struct node *n;
	int key;

	rcu_read_lock();
	n = rcu_dereference(x->root);
	if (!n) {
		rcu_read_unlock();
		return -ENOENT;
	}
	if (n->dead)
		goto dead;
	key = n->key;
	rcu_read_unlock();
	return key;
dead:
	rcu_read_unlock();
	return -ESTALE;
}
