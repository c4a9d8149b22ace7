/* The reference that the try took is forgotten when the object is of no use. */
struct node {
	refcount_t refs;
	int dead;
};

struct index {
	struct node *root;
};

static void node_put(struct node *n)
{
	if (refcount_dec_and_test(&n->refs))
		kfree(n);
}

struct node *index_get(struct index *x)
{
	struct node *n;

	rcu_read_lock();
	n = rcu_dereference(x->root);
	if (n && !refcount_inc_not_zero(&n->refs))
		n = NULL;
	rcu_read_unlock();
	if (n && n->dead)
		return NULL; /* want "ref-leak" */ /* fix "{ node_put(n); return NULL; }" */
	return n;
}
