/* Waits for readers under a spinlock. */
struct rule {
	int id;
};

struct rules {
	spinlock_t lock;
	struct rule *active;
};

void rules_drop(struct rules *r)
{
	struct rule *old;

	spin_lock(&r->lock);
	old = r->active;
	rcu_assign_pointer(r->active, NULL);
	synchronize_rcu(); /* want "sleep-in-atomic" */ /* fix "spin_unlock(&r->lock);" */
	spin_unlock(&r->lock); /* fix "synchronize_rcu();" */
	kfree(old);
}
