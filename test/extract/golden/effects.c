/* Every kind of effect in the shapes that are hard to follow. Ours; it need not compile. */
struct crate {
	spinlock_t lock;
	struct mutex big;
	struct rw_semaphore sem;
	refcount_t refs;
	struct crate *next;
	struct rcu_head rcu;
	struct list_head link;
	struct mm_struct *mm;
	int size;
};

static DEFINE_SPINLOCK(depot_lock);
static struct crate *depot;

static inline struct crate *crate_hold(struct crate *c)
{
	refcount_inc(&c->refs);
	return c;
}

static void crate_free_rcu(struct rcu_head *head)
{
	kfree(container_of(head, struct crate, rcu));
}

static void crate_drop(struct crate *c)
{
	if (c && refcount_dec_and_test(&c->refs))
		call_rcu(&c->rcu, crate_free_rcu);
}

/* An error ladder, an error pointer, a structure copied with its lock. */
struct crate *crate_copy(struct crate *old, gfp_t gfp)
{
	struct crate *new = kmalloc(sizeof(*new), GFP_KERNEL);
	int err = -ENOMEM;

	if (!new)
		goto out;
	spin_lock(&old->lock);
	*new = *old;
	spin_unlock(&old->lock);
	spin_lock_init(&new->lock);
	refcount_set(&new->refs, 1);
	err = crate_fill(new);
	if (err < 0)
		goto free;
	return new;
free:
	kfree(new);
out:
	return ERR_PTR(err);
}

/* Tries, each with its own way to say that it worked. */
int crate_try(struct crate *c, struct mm_struct *mm, bool wait)
{
	if (!mutex_trylock(&c->big))
		return -EAGAIN;
	if (wait ? down_read_killable(&c->sem) : !down_read_trylock(&c->sem)) {
		mutex_unlock(&c->big);
		return -EINTR;
	}
	if (refcount_inc_not_zero(&c->refs) && mmget_not_zero(mm)) {
		c->mm = mm;
		mm = NULL;
	}
	up_read(&c->sem);
	mutex_unlock(&c->big);
	return mm ? -ESRCH : 0;
}

/* Interrupt flags, nesting, a lock taken on one side of a test and dropped on the same. */
void crate_pair(struct crate *a, struct crate *b, int how)
{
	unsigned long flags;

	spin_lock_irqsave(&a->lock, flags);
	if (how & 1)
		spin_lock_nested(&b->lock, SINGLE_DEPTH_NESTING);
	swap(a->next, b->next);
	if (how & 1)
		spin_unlock(&b->lock);
	spin_unlock_irqrestore(&a->lock, flags);
}

/* RCU, a loop that retries, a reference taken under it. */
struct crate *crate_get(void)
{
	struct crate *c;

again:
	rcu_read_lock();
	c = rcu_dereference(depot);
	if (c && !refcount_inc_not_zero(&c->refs)) {
		rcu_read_unlock();
		goto again;
	}
	rcu_read_unlock();
	return c;
}

/* What wraps what: small bodies in place, larger ones as summaries. */
int crate_replace(struct crate *new)
{
	struct crate *old;

	might_sleep();
	crate_hold(new);
	spin_lock(&depot_lock);
	old = depot;
	rcu_assign_pointer(depot, new);
	spin_unlock(&depot_lock);
	crate_drop(old);
	return 0;
}

static int crate_lock_both(struct crate *a, struct crate *b)
{
	if (a == b)
		return -EINVAL;
	mutex_lock(&a->big);
	mutex_lock_nested(&b->big, SINGLE_DEPTH_NESTING);
	switch (a->size - b->size) {
	case 0:
		break;
	case 1 ... 8:
		if (crate_move(a, b))
			break;
		fallthrough;
	default:
		mutex_unlock(&b->big);
		mutex_unlock(&a->big);
		return -EBUSY;
	}
	return 0;
}

int crate_merge(struct crate *a, struct crate *b)
{
	int ret = crate_lock_both(a, b);

	if (ret)
		return ret;
	memcpy(a, b, sizeof(*a));
	mutex_unlock(&b->big);
	mutex_unlock(&a->big);
	return 0;
}

/* Scopes that clean up after themselves. */
int crate_scopes(struct crate *c, int n)
{
	struct crate *spare __free(kfree) = kzalloc(sizeof(*spare), GFP_ATOMIC);

	guard(mutex)(&c->big);
	if (!spare)
		return -ENOMEM;
	scoped_guard(spinlock_irqsave, &c->lock) {
		if (n > 3)
			return n;
		list_add(&no_free_ptr(spare)->link, &c->link);
	}
	return 0;
}

/**
 * crate_shrink - make a crate smaller
 *
 * Context: May sleep. Must be called with c->sem held for write.
 */
void crate_shrink(struct crate *c)
	__must_hold(&depot_lock)
{
	BUG_ON(!c);
	while (c->size > 1 && crate_step(c))
		c->size--;
	cond_resched();
}

/* Callers must hold mm->mmap_lock, which a parameter alone tells. */
static void crate_unmap(struct vm_area_struct *vma, spinlock_t *ptl)
	__must_hold(ptl)
{
	lockdep_assert_held(&vma->vm_mm->page_table_lock);
	spin_unlock(ptl);
}

void crate_unmap_all(struct vm_area_struct *vma, spinlock_t *ptl)
{
	spin_lock(ptl);
	crate_unmap(vma, ptl);
}
