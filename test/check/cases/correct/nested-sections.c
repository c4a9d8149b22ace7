/* RCU inside RCU, preemption off inside preemption off. */
struct node {
	int key;
};

struct node *root;

int root_key(void)
{
	struct node *n;
	int key = 0;

	rcu_read_lock();
	preempt_disable();
	rcu_read_lock();
	n = rcu_dereference(root);
	if (n)
		key = n->key;
	rcu_read_unlock();
	preempt_enable();
	rcu_read_unlock();
	cond_resched();
	return key;
}
