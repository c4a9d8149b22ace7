/*
 * A task's policy and its actors. T is the task; its policy is counted, and
 * T->mempolicy owns one reference. Threads of T itself come as "current".
 */
struct mm_struct {
	struct rw_semaphore mmap_lock;
};

struct mempolicy {
	atomic_t refcnt;
	int mode;
	struct rcu_head rcu;
	struct callback_head cb_head;
	union {
		int user_nodemask;
		struct callback_head cb_head;
	} w;
};

struct task_struct {
	struct mempolicy *mempolicy;
	spinlock_t alloc_lock;
	struct mm_struct *mm;
};

struct mm_struct M;
struct task_struct T;
/* Whoever changes the policy of T. */
struct task_struct U;

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
	pol->w.user_nodemask = 1;
	T.mempolicy = pol;
	T.mm = &M;
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

/* The last put leaves the freeing to the task, on its way to user mode. */
static void mpol_free_async(struct callback_head *work)
{
	kmem_cache_free(policy_cache, container_of(work, struct mempolicy, cb_head));
}

static void mpol_put_async(struct task_struct *task, struct mempolicy *pol)
{
	if (!pol || !atomic_dec_and_test(&pol->refcnt))
		return;
	init_task_work(&pol->cb_head, mpol_free_async);
	if (!task_work_add(task, &pol->cb_head, TWA_SIGNAL_NO_IPI))
		return;
	kmem_cache_free(policy_cache, pol);
}

/* The same with the callback head in the union. */
static void mpol_free_async_union(struct callback_head *work)
{
	kmem_cache_free(policy_cache, container_of(work, struct mempolicy, w.cb_head));
}

static void mpol_put_async_union(struct task_struct *task, struct mempolicy *pol)
{
	if (!pol || !atomic_dec_and_test(&pol->refcnt))
		return;
	init_task_work(&pol->w.cb_head, mpol_free_async_union);
	if (!task_work_add(task, &pol->w.cb_head, TWA_SIGNAL_NO_IPI))
		return;
	kmem_cache_free(policy_cache, pol);
}

/* The allocating target: no lock, no reference, and it sleeps in between. */
static void alloc_pages(struct task_struct *t)
{
	struct mempolicy *pol = t->mempolicy;
	int mode;

	if (!pol)
		return;
	mode = pol->mode;
	cond_resched();
	mode = pol->mode;
}

void alloc_pages_target(struct task_struct *current)
{
	alloc_pages(current);
}

/* A page fault allocates with mmap_lock held for read. */
void fault_target(struct task_struct *current)
{
	mmap_read_lock(current->mm);
	alloc_pages(current);
	mmap_read_unlock(current->mm);
}

/* The target runs its task work whenever it goes back to user mode. */
void alloc_and_return(struct task_struct *current)
{
	alloc_pages(current);
	task_work_run();
	alloc_pages(current);
	task_work_run();
}

/* In do_exit(): task work is run for the last time, then allocations go on. */
void do_exit(struct task_struct *current)
{
	alloc_pages(current);
	exit_task_work(current);
	alloc_pages(current);
}

/* get_mempolicy(): the mask that user space gave, without a reference. */
void get_nodemask(struct task_struct *current)
{
	struct mempolicy *pol = current->mempolicy;
	int mask;

	if (pol)
		mask = pol->w.user_nodemask;
	task_work_run();
}

/* Another task looks, without alloc_lock and without a reference. */
void lockless_remote_reader(struct task_struct *t)
{
	struct mempolicy *pol = t->mempolicy;
	int mode;

	if (pol)
		mode = pol->mode;
}

/* set_mempolicy() of T itself. */
void set_mempolicy_self(struct task_struct *current)
{
	struct mempolicy *new = new_policy();
	struct mempolicy *old;

	task_lock(current);
	old = current->mempolicy;
	current->mempolicy = new;
	task_unlock(current);
	mpol_put(old);
	alloc_pages(current);
}

/* The remote updaters. */
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

void set_mempolicy_mmap_lock(struct task_struct *t)
{
	mmap_write_lock(t->mm);
	set_mempolicy_now(t);
	mmap_write_unlock(t->mm);
}

void set_mempolicy_async(struct task_struct *t)
{
	struct mempolicy *new = new_policy();
	struct mempolicy *old;

	task_lock(t);
	old = t->mempolicy;
	t->mempolicy = new;
	task_unlock(t);
	mpol_put_async(t, old);
}

void set_mempolicy_async_union(struct task_struct *t)
{
	struct mempolicy *new = new_policy();
	struct mempolicy *old;

	task_lock(t);
	old = t->mempolicy;
	t->mempolicy = new;
	task_unlock(t);
	mpol_put_async_union(t, old);
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

/* Readers that count: under the lock, and under RCU. */
void reader_counted(struct task_struct *t)
{
	struct mempolicy *pol;
	int mode;

	task_lock(t);
	pol = t->mempolicy;
	if (pol)
		atomic_inc(&pol->refcnt);
	task_unlock(t);
	if (!pol)
		return;
	mode = pol->mode;
	cond_resched();
	mode = pol->mode;
	mpol_put(pol);
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

/* What a patched updater is put into: it replaces the policy of a task that is not its own. */
void remote_updater(void)
{
	set_policy();
}

/* However it finds the task, the model has one. */
static struct task_struct *pidfd_get_task(int pidfd)
{
	return &T;
}

static struct task_struct *find_get_task_by_vpid(int nr)
{
	return &T;
}

static struct task_struct *find_task_by_vpid(int nr)
{
	return &T;
}

static struct task_struct *get_pid_task(int pid)
{
	return &T;
}

static struct task_struct *pid_task(int pid)
{
	return &T;
}

static struct task_struct *find_lively_task_by_vpid(int nr)
{
	return &T;
}

/* What a patched release is put into: it gives up the policy that was replaced. */
void pidfd_set_mempolicy(struct task_struct *task)
{
	struct mempolicy *old;

	task_lock(task);
	old = task->mempolicy;
	task->mempolicy = NULL;
	task_unlock(task);
	if (old)
		put_policy(task, old);
}

/* What the updater may call, where the patch does not change it. */
static struct mempolicy *mpol_new(int mode, int flags, int nodes)
{
	return new_policy();
}

static struct mempolicy *mpol_dup(struct mempolicy *pol)
{
	return new_policy();
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
