/*
 * A task's policy counted by a percpu_ref. T->mempolicy owns the initial
 * reference, which only percpu_ref_kill() gives up.
 */
struct mempolicy {
	struct percpu_ref refcnt;
	int mode;
	struct rcu_head rcu;
};

struct task_struct {
	struct mempolicy *mempolicy;
	spinlock_t alloc_lock;
};

struct task_struct T;

static void mpol_release(struct percpu_ref *ref)
{
	struct mempolicy *pol = container_of(ref, struct mempolicy, refcnt);

	percpu_ref_exit(ref);
	kfree_rcu(pol, rcu);
}

void setup(void)
{
	struct mempolicy *pol = kmem_cache_alloc(policy_cache, GFP_KERNEL | __GFP_NOFAIL);

	percpu_ref_init(&pol->refcnt, mpol_release, 0, GFP_KERNEL | __GFP_NOFAIL);
	T.mempolicy = pol;
}

/*
 * A policy that readers find until its last reference is gone: only then can
 * their tryget fail, because a reader inside RCU who found a published policy
 * holds up the grace period that kill needs to reach zero.
 */
static void mpol_free_rcu(struct rcu_head *head)
{
	struct mempolicy *pol = container_of(head, struct mempolicy, rcu);

	percpu_ref_exit(&pol->refcnt);
	kmem_cache_free(policy_cache, pol);
}

static void mpol_unpublish(struct percpu_ref *ref)
{
	struct mempolicy *pol = container_of(ref, struct mempolicy, refcnt);

	rcu_assign_pointer(T.mempolicy, NULL);
	call_rcu(&pol->rcu, mpol_free_rcu);
}

void setup_until_released(void)
{
	struct mempolicy *pol = kmem_cache_alloc(policy_cache, GFP_KERNEL | __GFP_NOFAIL);

	percpu_ref_init(&pol->refcnt, mpol_unpublish, 0, GFP_KERNEL | __GFP_NOFAIL);
	T.mempolicy = pol;
}

static bool mpol_tryget(struct mempolicy *pol)
{
	return pol && percpu_ref_tryget(&pol->refcnt);
}

static void mpol_put(struct mempolicy *pol)
{
	if (pol)
		percpu_ref_put(&pol->refcnt);
}

static void mpol_kill(struct mempolicy *pol)
{
	if (pol)
		percpu_ref_kill(&pol->refcnt);
}

/* The owner's mistakes: it only puts; it puts and kills. */
void set_mempolicy_put(struct task_struct *t)
{
	struct mempolicy *old;

	task_lock(t);
	old = t->mempolicy;
	rcu_assign_pointer(t->mempolicy, NULL);
	task_unlock(t);
	mpol_put(old);
}

void set_mempolicy_put_and_kill(struct task_struct *t)
{
	struct mempolicy *old;

	task_lock(t);
	old = t->mempolicy;
	rcu_assign_pointer(t->mempolicy, NULL);
	task_unlock(t);
	mpol_put(old);
	mpol_kill(old);
}

void set_mempolicy(struct task_struct *t)
{
	struct mempolicy *old;

	task_lock(t);
	old = t->mempolicy;
	rcu_assign_pointer(t->mempolicy, NULL);
	task_unlock(t);
	mpol_kill(old);
}

void exit_mempolicy(struct task_struct *t)
{
	struct mempolicy *pol = t->mempolicy;

	mpol_kill(pol);
}

void reader_tryget(struct task_struct *t)
{
	struct mempolicy *pol;
	int mode;

	rcu_read_lock();
	pol = rcu_dereference(t->mempolicy);
	if (!mpol_tryget(pol))
		pol = NULL;
	rcu_read_unlock();
	if (!pol)
		return;
	mode = pol->mode;
	mpol_put(pol);
}

void reader_inverted(struct task_struct *t)
{
	struct mempolicy *pol;
	int mode;

	rcu_read_lock();
	pol = rcu_dereference(t->mempolicy);
	if (!pol || mpol_tryget(pol))
		pol = NULL;
	rcu_read_unlock();
	if (!pol)
		return;
	mode = pol->mode;
	mpol_put(pol);
}

/* A caller from the time when the lookup took no reference. */
static struct mempolicy *get_task_policy(struct task_struct *t)
{
	struct mempolicy *pol;

	rcu_read_lock();
	pol = rcu_dereference(t->mempolicy);
	if (!mpol_tryget(pol))
		pol = NULL;
	rcu_read_unlock();
	return pol;
}

void unchanged_caller(struct task_struct *t)
{
	struct mempolicy *pol = get_task_policy(t);
	int mode;

	if (pol)
		mode = pol->mode;
}

/* What an unchanged caller is put into. */
void any_caller(struct task_struct *t)
{
	caller();
}

/* What a patched put is put into, when it is all that the owner has. */
void owner_puts(struct task_struct *t)
{
	struct mempolicy *old;

	task_lock(t);
	old = t->mempolicy;
	rcu_assign_pointer(t->mempolicy, NULL);
	task_unlock(t);
	put_policy(old);
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
