/* A lookup that lost a race begins again. */
struct node {
	refcount_t refs;
	int key;
};

struct index {
	struct node *root;
};

struct node *index_get(struct index *x)
{
	struct node *n;

	rcu_read_lock();
again:
	n = rcu_dereference(x->root);
	if (n) {
		if (!refcount_inc_not_zero(&n->refs))
			goto again;
	}
	rcu_read_unlock();
	return n;
}
