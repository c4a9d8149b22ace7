struct mempolicy {
	atomic_t refcnt;
	unsigned short mode;
	struct rcu_head rcu;
	union {
		nodemask_t user_nodemask;
		struct callback_head cb_head;
	} w;
};

struct task_struct {
	struct mempolicy *mempolicy;
	spinlock_t alloc_lock;
	int il_prev;
};

static void mpol_put(struct mempolicy *pol)
{
	if (pol && atomic_dec_and_test(&pol->refcnt))
		kfree_rcu(pol, rcu);
}

/* A counted policy of the task, or NULL. */
static struct mempolicy *policy_of(struct task_struct *p)
{
	struct mempolicy *pol;

	rcu_read_lock();
	pol = rcu_dereference(p->mempolicy);
	if (pol && !atomic_inc_not_zero(&pol->refcnt))
		pol = NULL;
	rcu_read_unlock();

	return pol;
}

static int policy_mode(struct task_struct *p)
{
	struct mempolicy *pol = policy_of(p);
	int mode = MPOL_DEFAULT;

	if (pol) {
		mode = pol->mode;
		mpol_put(pol);
	}
	return mode;
}
