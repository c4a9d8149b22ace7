/*
 * A task's policy and its actors. T is the task; its policy is counted, and
 * T->mempolicy owns one reference.
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

static struct mempolicy *new_policy(void)
{
	struct mempolicy *pol = kmem_cache_alloc(policy_cache, GFP_KERNEL);

	if (pol)
		atomic_set(&pol->refcnt, 1);
	return pol;
}

void setup(void)
{
	struct mempolicy *pol = kmem_cache_alloc(policy_cache, GFP_KERNEL | __GFP_NOFAIL);

	atomic_set(&pol->refcnt, 1);
	T.mempolicy = pol;
}

/* Puts that free at once, and after a grace period. */
static void mpol_put(struct mempolicy *pol)
{
	if (pol && atomic_dec_and_test(&pol->refcnt))
		kmem_cache_free(policy_cache, pol);
}

static void mpol_put_rcu(struct mempolicy *pol)
{
	if (pol && atomic_dec_and_test(&pol->refcnt))
		kfree_rcu(pol, rcu);
}

/* The allocating target: no lock, no reference, and it sleeps in between. */
void alloc_pages_target(struct task_struct *t)
{
	struct mempolicy *pol = t->mempolicy;
	int mode;

	if (!pol)
		return;
	mode = pol->mode;
	cond_resched();
	mode = pol->mode;
}

void set_mempolicy_now(struct task_struct *t)
{
	struct mempolicy *new = new_policy();
	struct mempolicy *old;

	task_lock(t);
	old = t->mempolicy;
	t->mempolicy = new;
	task_unlock(t);
	mpol_put(old);
}

void set_mempolicy_rcu(struct task_struct *t)
{
	struct mempolicy *new = new_policy();
	struct mempolicy *old;

	task_lock(t);
	old = t->mempolicy;
	rcu_assign_pointer(t->mempolicy, new);
	task_unlock(t);
	mpol_put_rcu(old);
}

void reader_tryget(struct task_struct *t)
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
	mpol_put_rcu(pol);
}

void reader_get(struct task_struct *t)
{
	struct mempolicy *pol;
	int mode;

	rcu_read_lock();
	pol = rcu_dereference(t->mempolicy);
	if (pol)
		atomic_inc(&pol->refcnt);
	rcu_read_unlock();
	if (!pol)
		return;
	mode = pol->mode;
	mpol_put_rcu(pol);
}

void reader_no_rcu(struct task_struct *t)
{
	struct mempolicy *pol;
	int mode;

	pol = rcu_dereference(t->mempolicy);
	if (pol && !atomic_inc_not_zero(&pol->refcnt))
		pol = NULL;
	if (!pol)
		return;
	mode = pol->mode;
	mpol_put_rcu(pol);
}

/* What a patched reader is put into: it hands out a counted policy or NULL. */
void reader(struct task_struct *t)
{
	struct mempolicy *pol = get_policy(t);
	int mode;

	if (!pol)
		return;
	mode = pol->mode;
	mpol_put(pol);
}
