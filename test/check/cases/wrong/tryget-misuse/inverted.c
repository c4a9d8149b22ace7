/* The test of the try is the wrong way round. */
struct mempolicy {
	struct percpu_ref refcnt;
	int mode;
	struct rcu_head rcu;
};

static bool mpol_tryget(struct mempolicy *pol)
{
	return pol && percpu_ref_tryget(&pol->refcnt);
}

struct mempolicy *task_policy(struct task_struct *p)
{
	struct mempolicy *pol;

	rcu_read_lock();
	pol = rcu_dereference(p->mempolicy);
	if (!pol || mpol_tryget(pol)) /* want "tryget-misuse" */ /* fix "if (!mpol_tryget(pol))" */
		pol = NULL;
	rcu_read_unlock();
	return pol;
}
