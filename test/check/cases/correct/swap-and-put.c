/* The new object takes the place of the old, whose reference is put outside the lock. */
struct mempolicy {
	atomic_t refcnt;
	int mode;
};

struct task_struct {
	struct mempolicy *mempolicy;
	spinlock_t alloc_lock;
};

int task_set_policy(struct task_struct *t, unsigned short mode, nodemask_t *nodes)
{
	struct mempolicy *old, *new;

	new = mpol_new(mode, 0, nodes);
	if (IS_ERR(new))
		return PTR_ERR(new);
	task_lock(t);
	if (t->mempolicy == new) {
		task_unlock(t);
		mpol_put(new);
		return 0;
	}
	old = t->mempolicy;
	t->mempolicy = new;
	task_unlock(t);
	mpol_put(old);
	return 0;
}
