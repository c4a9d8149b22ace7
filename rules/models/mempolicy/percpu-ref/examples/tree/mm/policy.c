struct mempolicy {
	struct percpu_ref refcnt;
	unsigned short mode;
	struct rcu_head rcu;
};

struct task_struct {
	struct mempolicy *mempolicy;
	spinlock_t alloc_lock;
};

static void policy_release(struct percpu_ref *ref)
{
	struct mempolicy *pol = container_of(ref, struct mempolicy, refcnt);

	percpu_ref_exit(ref);
	kfree_rcu(pol, rcu);
}

static bool policy_tryget(struct mempolicy *pol)
{
	return pol && percpu_ref_tryget(&pol->refcnt);
}

static void policy_kill(struct mempolicy *pol)
{
	percpu_ref_kill(&pol->refcnt);
}

static void policy_put(struct mempolicy *pol)
{
	if (pol)
		policy_put_shared(pol);
}

static struct mempolicy *policy_of(struct task_struct *p)
{
	struct mempolicy *pol;

	rcu_read_lock();
	pol = rcu_dereference(p->mempolicy);
	if (!policy_tryget(pol))
		pol = NULL;
	rcu_read_unlock();

	return pol;
}
