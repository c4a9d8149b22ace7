struct mempolicy {
	struct percpu_ref refcnt;
	unsigned short mode;
};

struct shared_policy {
	rwlock_t lock;
	struct mempolicy *policy;
};

static void policy_release(struct percpu_ref *ref)
{
	kfree(container_of(ref, struct mempolicy, refcnt));
}

static struct mempolicy *policy_alloc(void)
{
	struct mempolicy *new = kmalloc(sizeof(*new), GFP_KERNEL);

	if (new && percpu_ref_init(&new->refcnt, policy_release, 0, GFP_KERNEL)) {
		kfree(new);
		new = NULL;
	}
	return new;
}

static int policy_replace(struct shared_policy *sp, unsigned short mode)
{
	struct mempolicy *new = policy_alloc();

	if (!new)
		return -ENOMEM;
	write_lock(&sp->lock);
	new->mode = mode;
	sp->policy = new;
	write_unlock(&sp->lock);
	return 0;
}
