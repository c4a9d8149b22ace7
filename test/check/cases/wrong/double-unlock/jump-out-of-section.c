/* Leaves the section, then goes to where it is left for good; both ways give the same result. */
struct node {
	int key;
};

struct node *root;

void root_touch(void)
{
	struct node *n;

	rcu_read_lock();
	n = rcu_dereference(root);
	if (!n) {
		rcu_read_unlock(); /* fix "" */
		goto out;
	}
	n->key = 1;
out:
	rcu_read_unlock(); /* want "double-unlock" */
}
