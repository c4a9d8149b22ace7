/*
 * One VMA of a process. P->mm owns a user of the mm; the users together own
 * one count of the structure. A page fault looks the VMA up under RCU and
 * takes its lock; everybody else has mmap_lock.
 */
struct vm_area_struct {
	struct rw_semaphore vm_lock;
	int detached;
	int flags;
	struct rcu_head vm_rcu;
};

/* What keeps the structure of the mm, as opposed to what is in it. */
struct mm_keeper {
	atomic_t mm_count;
};

struct mm_struct {
	atomic_t mm_users;
	struct mm_keeper *keeper;
	struct rw_semaphore mmap_lock;
	struct vm_area_struct *mmap;
};

struct task_struct {
	struct mm_struct *mm;
	spinlock_t alloc_lock;
};

struct task_struct P;

void setup(void)
{
	struct mm_struct *mm = kmem_cache_alloc(mm_cachep, GFP_KERNEL | __GFP_NOFAIL);
	struct mm_keeper *keeper = kmem_cache_alloc(keeper_cachep, GFP_KERNEL | __GFP_NOFAIL);
	struct vm_area_struct *vma = kmem_cache_alloc(vm_area_cachep, GFP_KERNEL | __GFP_NOFAIL);

	atomic_set(&mm->mm_users, 1);
	atomic_set(&keeper->mm_count, 1);
	mm->keeper = keeper;
	mm->mmap = vma;
	P.mm = mm;
}

static void free_at_once(struct vm_area_struct *vma)
{
	kmem_cache_free(vm_area_cachep, vma);
}

static void vm_area_free_rcu(struct rcu_head *head)
{
	free_at_once(container_of(head, struct vm_area_struct, vm_rcu));
}

static void free_after_grace_period(struct vm_area_struct *vma)
{
	call_rcu(&vma->vm_rcu, vm_area_free_rcu);
}

/* The lookup of a page fault: RCU, trylock, recheck. */
static struct vm_area_struct *lock_vma_under_rcu(struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	rcu_read_lock();
	vma = rcu_dereference(mm->mmap);
	if (!vma)
		goto none;
	if (vma->detached)
		goto none;
	if (!down_read_trylock(&vma->vm_lock))
		goto none;
	if (vma->detached) {
		up_read(&vma->vm_lock);
		goto none;
	}
	rcu_read_unlock();
	return vma;
none:
	rcu_read_unlock();
	return NULL;
}

/* RCU keeps the VMA until up_read() is done with it. */
static void vma_end_read(struct vm_area_struct *vma)
{
	rcu_read_lock();
	up_read(&vma->vm_lock);
	rcu_read_unlock();
}

void fault(struct mm_struct *mm)
{
	struct vm_area_struct *vma = lock_vma_under_rcu(mm);
	int flags;

	if (!vma)
		return;
	flags = vma->flags;
	vma_end_read(vma);
}

void page_fault(struct task_struct *p)
{
	fault(p->mm);
}

/* A reader that came from mmap_lock to the VMA's own lock. */
void reader_of_vma_lock(struct task_struct *p)
{
	struct mm_struct *mm = p->mm;
	struct vm_area_struct *vma;

	mmap_read_lock(mm);
	vma = mm->mmap;
	if (!vma) {
		mmap_read_unlock(mm);
		return;
	}
	down_read(&vma->vm_lock);
	mmap_read_unlock(mm);
	vma->flags = 1;
	up_read(&vma->vm_lock);
}

/* munmap(): waits for readers, takes the VMA out of the tree. */
static struct vm_area_struct *detach(struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	mmap_write_lock(mm);
	vma = mm->mmap;
	if (vma) {
		down_write(&vma->vm_lock);
		vma->detached = 1;
		rcu_assign_pointer(mm->mmap, NULL);
		up_write(&vma->vm_lock);
	}
	mmap_write_unlock(mm);
	return vma;
}

void munmap_rcu(struct task_struct *p)
{
	struct vm_area_struct *vma = detach(p->mm);

	if (vma)
		free_after_grace_period(vma);
}

void munmap_now(struct task_struct *p)
{
	struct vm_area_struct *vma = detach(p->mm);

	if (vma)
		free_at_once(vma);
}

/* The last user is gone: nobody can come any more. */
static void exit_mmap_now(struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	mmap_write_lock(mm);
	vma = mm->mmap;
	mm->mmap = NULL;
	mmap_write_unlock(mm);
	if (vma)
		free_at_once(vma);
}

static void put_mm_struct(struct mm_struct *mm)
{
	struct mm_keeper *keeper = mm->keeper;

	if (atomic_dec_and_test(&keeper->mm_count)) {
		kmem_cache_free(keeper_cachep, keeper);
		kmem_cache_free(mm_cachep, mm);
	}
}

static void put_mm_user(struct mm_struct *mm)
{
	if (atomic_dec_and_test(&mm->mm_users)) {
		exit_mmap_now(mm);
		put_mm_struct(mm);
	}
}

/* The process exits; nobody finds its mm from then on. */
void exit_process(struct task_struct *p)
{
	struct mm_struct *mm;

	task_lock(p);
	mm = p->mm;
	p->mm = NULL;
	task_unlock(p);
	put_mm_user(mm);
}

static struct mm_struct *get_mm_user(struct task_struct *p)
{
	struct mm_struct *mm;

	task_lock(p);
	mm = p->mm;
	if (mm)
		atomic_inc(&mm->mm_users);
	task_unlock(p);
	return mm;
}

/* Another thread of the process, or io_uring: it faults as a user of the mm. */
void user_faults(struct task_struct *p)
{
	struct mm_struct *mm = get_mm_user(p);

	if (!mm)
		return;
	fault(mm);
	put_mm_user(mm);
}

/* ptrace, /proc: a user of the mm with mmap_lock. */
void remote_reader(struct task_struct *p)
{
	struct mm_struct *mm = get_mm_user(p);
	struct vm_area_struct *vma;
	int flags;

	if (!mm)
		return;
	mmap_read_lock(mm);
	vma = mm->mmap;
	if (vma)
		flags = vma->flags;
	mmap_read_unlock(mm);
	put_mm_user(mm);
}

/* process_mrelease(): keeps the structure, not its users; unmaps, frees no VMA. */
void process_mrelease(struct task_struct *p)
{
	struct mm_struct *mm;
	struct vm_area_struct *vma;

	task_lock(p);
	mm = p->mm;
	if (mm)
		atomic_inc(&mm->keeper->mm_count);
	task_unlock(p);
	if (!mm)
		return;
	mmap_read_lock(mm);
	vma = mm->mmap;
	if (vma)
		vma->flags = 0;
	mmap_read_unlock(mm);
	put_mm_struct(mm);
}

/* What a patched user of VMAs may call, and what it is put into. Whoever calls mmget() knows that there is a user. */
static void mmget(struct mm_struct *mm)
{
	lockstep_assume(atomic_inc_not_zero(&mm->mm_users));
}

static int mmget_not_zero(struct mm_struct *mm)
{
	return atomic_inc_not_zero(&mm->mm_users);
}

static void mmput(struct mm_struct *mm)
{
	put_mm_user(mm);
}

static struct vm_area_struct *find_vma(struct mm_struct *mm)
{
	return mm->mmap;
}

static struct vm_area_struct *vma_lookup(struct mm_struct *mm)
{
	return mm->mmap;
}

static void lock_vma(struct vm_area_struct *vma)
{
	if (vma)
		down_read(&vma->vm_lock);
}

static void unlock_vma(struct mm_struct *mm, struct vm_area_struct *vma)
{
	up_read(&vma->vm_lock);
}

void user_of_vma(struct task_struct *p)
{
	use_vma(p->mm);
}

/* The user of the mm that the caller relied on goes away, not before the function has its own. */
void exit_mm(struct task_struct *p)
{
	struct mm_struct *mm = p->mm;

	p->mm = NULL;
	put_mm_user(mm);
}

/* Gives up the mm and goes on with the VMA. */
void use_after_mmput(struct task_struct *p)
{
	struct mm_struct *mm = get_mm_user(p);
	struct vm_area_struct *vma;

	if (!mm)
		return;
	mmap_read_lock(mm);
	vma = mm->mmap;
	if (vma)
		down_read(&vma->vm_lock);
	mmap_read_unlock(mm);
	put_mm_user(mm);
	if (!vma)
		return;
	vma->flags = 1;
	up_read(&vma->vm_lock);
}
