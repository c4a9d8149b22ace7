/*
 * The same lookup with an ordinary count: every use of a policy takes a
 * reference and gives it back, so two readers move the line that holds it.
 */
struct mempolicy {
	atomic_t refcnt;
	int mode;
	struct rcu_head rcu;
};

struct task_struct {
	struct mempolicy *mempolicy;
	spinlock_t alloc_lock;
};

struct task_struct T;

void setup(void)
{
	struct mempolicy *pol = kmem_cache_alloc(policy_cache, GFP_KERNEL | __GFP_NOFAIL);

	atomic_set(&pol->refcnt, 1);
	T.mempolicy = pol;
}

static void mpol_put(struct mempolicy *pol)
{
	if (pol && atomic_dec_and_test(&pol->refcnt))
		kfree_rcu(pol, rcu);
}

void set_mempolicy(struct task_struct *t)
{
	struct mempolicy *old;

	task_lock(t);
	old = t->mempolicy;
	rcu_assign_pointer(t->mempolicy, NULL);
	task_unlock(t);
	mpol_put(old);
}

void reader(struct task_struct *t)
{
	struct mempolicy *pol;
	int mode;

	rcu_read_lock();
	pol = rcu_dereference(t->mempolicy);
	if (pol && !atomic_inc_not_zero(&pol->refcnt))
		pol = NULL;
	rcu_read_unlock();
	if (!pol)
		return;
	mode = pol->mode;
	mpol_put(pol);
}
