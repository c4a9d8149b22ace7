/* Readers may still look at what kfree_rcu() was given; so may this function until it leaves the section. */
struct rule {
	struct rcu_head rcu;
	int id;
};

struct rules {
	spinlock_t lock;
	struct rule *active;
};

int rules_drop(struct rules *r)
{
	struct rule *old;

	spin_lock(&r->lock);
	old = r->active;
	rcu_assign_pointer(r->active, NULL);
	spin_unlock(&r->lock);
	if (!old)
		return -ENOENT;
	kfree_rcu(old, rcu);
	return 0;
}
