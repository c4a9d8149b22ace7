/*
 * Replacing a range of a shared policy (tmpfs). The node that covers the range
 * may need a second half, and then a copy of its policy, which is made under
 * sp->lock from memory that was allocated before. Policies have a percpu_ref.
 */
struct mempolicy {
	struct percpu_ref refcnt;
	int mode;
	struct rcu_head rcu;
};

struct sp_node {
	struct mempolicy *policy;
	struct mempolicy *second;
};

struct shared_policy {
	rwlock_t lock;
	struct sp_node *node;
	int split;
};

struct shared_policy SP;

static void mpol_release(struct percpu_ref *ref)
{
	struct mempolicy *pol = container_of(ref, struct mempolicy, refcnt);

	percpu_ref_exit(ref);
	kfree_rcu(pol, rcu);
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

void setup(void)
{
	struct mempolicy *pol = kmem_cache_alloc(policy_cache, GFP_KERNEL | __GFP_NOFAIL);
	struct sp_node *node = kmem_cache_alloc(sn_cache, GFP_KERNEL | __GFP_NOFAIL);

	percpu_ref_init(&pol->refcnt, mpol_release, 0, GFP_KERNEL | __GFP_NOFAIL);
	node->policy = pol;
	SP.node = node;
	SP.split = 1;
}

/* Somebody else may have removed what was to be split. */
void free_shared_policy(struct shared_policy *sp)
{
	struct sp_node *n;

	write_lock(&sp->lock);
	n = sp->node;
	sp->node = NULL;
	sp->split = 0;
	write_unlock(&sp->lock);
	if (!n)
		return;
	mpol_kill(n->policy);
	mpol_kill(n->second);
	kmem_cache_free(sn_cache, n);
}

/* What a patched piece is put into: its function has the lock by then. */
void under_lock(struct shared_policy *sp)
{
	write_lock(&sp->lock);
	insert();
	write_unlock(&sp->lock);
}

/* The copy gets its count under the lock. */
void replace_init_under_lock(struct shared_policy *sp)
{
	struct mempolicy *new;

	new = kmem_cache_alloc(policy_cache, GFP_KERNEL);
	if (!new)
		return;
	write_lock(&sp->lock);
	if (!sp->split) {
		write_unlock(&sp->lock);
		kmem_cache_free(policy_cache, new);
		return;
	}
	*new = *sp->node->policy;
	percpu_ref_init(&new->refcnt, mpol_release, 0, GFP_KERNEL | __GFP_NOFAIL);
	sp->node->second = new;
	sp->split = 0;
	write_unlock(&sp->lock);
}

/* The copy is not needed after all, and is put although it has no count yet. */
void replace_put_unused(struct shared_policy *sp)
{
	struct mempolicy *new;

	new = kmem_cache_alloc(policy_cache, GFP_KERNEL);
	if (!new)
		return;
	write_lock(&sp->lock);
	if (!sp->split) {
		write_unlock(&sp->lock);
		mpol_put(new);
		return;
	}
	sp->node->second = NULL;
	sp->split = 0;
	write_unlock(&sp->lock);
	kmem_cache_free(policy_cache, new);
}

/* The copy is used with the count that was copied with it. */
void replace_copied_count(struct shared_policy *sp)
{
	struct mempolicy *new;

	new = kmem_cache_alloc(policy_cache, GFP_KERNEL);
	if (!new)
		return;
	write_lock(&sp->lock);
	if (!sp->split) {
		write_unlock(&sp->lock);
		kmem_cache_free(policy_cache, new);
		return;
	}
	*new = *sp->node->policy;
	percpu_ref_get(&new->refcnt);
	sp->node->second = new;
	sp->split = 0;
	write_unlock(&sp->lock);
	mpol_put(new);
}

/* The count is made before the lock is taken, and only the rest is copied. */
void replace_init_first(struct shared_policy *sp)
{
	struct mempolicy *new;

	new = kmem_cache_alloc(policy_cache, GFP_KERNEL);
	if (!new)
		return;
	if (percpu_ref_init(&new->refcnt, mpol_release, 0, GFP_KERNEL)) {
		kmem_cache_free(policy_cache, new);
		return;
	}
	write_lock(&sp->lock);
	if (!sp->split) {
		write_unlock(&sp->lock);
		mpol_kill(new);
		return;
	}
	new->mode = sp->node->policy->mode;
	sp->node->second = new;
	sp->split = 0;
	write_unlock(&sp->lock);
}
