/* A lookup under RCU hands out the object only with a reference. */
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
	n = rcu_dereference(x->root);
	if (n && !refcount_inc_not_zero(&n->refs))
		n = NULL;
	rcu_read_unlock();
	return n;
}
