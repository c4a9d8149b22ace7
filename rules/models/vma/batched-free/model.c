/*
 * VMAs that are freed in groups: vm_area_free() puts them on a list of the mm,
 * and one RCU callback frees a whole group. L is the process; VMA numbers 0
 * and 1 are in its tree.
 */
struct file {
	int flags;
};

struct vm_area_struct {
	int flags;
	struct vm_area_struct *free_next;
	struct rcu_head vm_rcu;
	union {
		struct file *vm_file;
		struct vm_area_struct *free_next_union;
	};
};

struct mm_struct {
	struct vm_area_struct *first;
	struct vm_area_struct *second;
	spinlock_t free_lock;
	struct vm_area_struct *free_list;
	int free_count;
};

struct task_struct {
	struct mm_struct *mm;
};

struct file F;
struct task_struct L;

static struct vm_area_struct *new_vma(void)
{
	struct vm_area_struct *vma = kmem_cache_alloc(vm_area_cachep, GFP_KERNEL | __GFP_NOFAIL);

	vma->vm_file = &F;
	return vma;
}

void setup(void)
{
	struct mm_struct *mm = kmem_cache_alloc(mm_cachep, GFP_KERNEL | __GFP_NOFAIL);
	struct vm_area_struct *first = new_vma();
	struct vm_area_struct *second = new_vma();

	mm->first = first;
	mm->second = second;
	L.mm = mm;
}

/* A group, whose first VMA has the callback head. */
static void free_group(struct rcu_head *head)
{
	struct vm_area_struct *vma = container_of(head, struct vm_area_struct, vm_rcu);
	struct vm_area_struct *next;

	while (vma) {
		next = vma->free_next;
		kmem_cache_free(vm_area_cachep, vma);
		vma = next;
	}
}

static void free_group_union(struct rcu_head *head)
{
	struct vm_area_struct *vma = container_of(head, struct vm_area_struct, vm_rcu);
	struct vm_area_struct *next;

	while (vma) {
		next = vma->free_next_union;
		kmem_cache_free(vm_area_cachep, vma);
		vma = next;
	}
}

static struct vm_area_struct *take_list(struct mm_struct *mm)
{
	struct vm_area_struct *group;

	spin_lock(&mm->free_lock);
	group = mm->free_list;
	mm->free_list = NULL;
	mm->free_count = 0;
	spin_unlock(&mm->free_lock);
	return group;
}

static void drain(struct mm_struct *mm)
{
	struct vm_area_struct *group = take_list(mm);

	if (group)
		call_rcu(&group->vm_rcu, free_group);
}

static void drain_union(struct mm_struct *mm)
{
	struct vm_area_struct *group = take_list(mm);

	if (group)
		call_rcu(&group->vm_rcu, free_group_union);
}

/* A group is as large as max. */
static void free_batched(struct mm_struct *mm, struct vm_area_struct *vma, int max)
{
	int full;

	spin_lock(&mm->free_lock);
	vma->free_next = mm->free_list;
	mm->free_list = vma;
	mm->free_count = mm->free_count + 1;
	full = mm->free_count >= max;
	spin_unlock(&mm->free_lock);
	if (full)
		drain(mm);
}

static void free_batched_union(struct mm_struct *mm, struct vm_area_struct *vma, int max)
{
	int full;

	spin_lock(&mm->free_lock);
	vma->free_next_union = mm->free_list;
	mm->free_list = vma;
	mm->free_count = mm->free_count + 1;
	full = mm->free_count >= max;
	spin_unlock(&mm->free_lock);
	if (full)
		drain_union(mm);
}

/* The walk of a page fault: what kind of VMA is it? */
void page_fault(struct task_struct *p)
{
	struct vm_area_struct *vma;
	struct file *file;

	rcu_read_lock();
	vma = rcu_dereference(p->mm->first);
	if (vma)
		file = vma->vm_file;
	rcu_read_unlock();
}

static struct vm_area_struct *unlink_first(struct mm_struct *mm)
{
	struct vm_area_struct *vma = mm->first;

	rcu_assign_pointer(mm->first, NULL);
	return vma;
}

static struct vm_area_struct *unlink_second(struct mm_struct *mm)
{
	struct vm_area_struct *vma = mm->second;

	rcu_assign_pointer(mm->second, NULL);
	return vma;
}

void munmap(struct task_struct *p)
{
	free_batched(p->mm, unlink_first(p->mm), 2);
}

void munmap_both(struct task_struct *p)
{
	free_batched(p->mm, unlink_first(p->mm), 2);
	free_batched(p->mm, unlink_second(p->mm), 2);
}

void munmap_union(struct task_struct *p)
{
	free_batched_union(p->mm, unlink_first(p->mm), 2);
	drain_union(p->mm);
}

/* One VMA goes by munmap(), the other one when the process exits. */
void munmap_and_exit(struct task_struct *p)
{
	struct mm_struct *mm = p->mm;

	free_batched(mm, unlink_first(mm), 3);
	free_batched(mm, unlink_second(mm), 3);
	drain(mm);
}

void munmap_and_exit_undrained(struct task_struct *p)
{
	struct mm_struct *mm = p->mm;

	free_batched(mm, unlink_first(mm), 3);
	free_batched(mm, unlink_second(mm), 3);
	p->mm = NULL;
	kmem_cache_free(mm_cachep, mm);
}

/* What a patched vm_area_free() is put into. */
void remove_vma(struct task_struct *p)
{
	free_vma(unlink_first(p->mm));
}

/* What tearing down n VMAs costs: a callback for each, for a group, for none. */
static void vma_free_rcu(struct rcu_head *head)
{
	kmem_cache_free(vm_area_cachep, container_of(head, struct vm_area_struct, vm_rcu));
}

void exit_mmap_each(struct task_struct *p, int n)
{
	struct vm_area_struct *vma;

	while (n > 0) {
		vma = kmem_cache_alloc(vm_area_cachep, GFP_KERNEL | __GFP_NOFAIL);
		call_rcu(&vma->vm_rcu, vma_free_rcu);
		n = n - 1;
	}
}

void exit_mmap_batched(struct task_struct *p, int n, int max)
{
	struct vm_area_struct *vma;

	while (n > 0) {
		vma = kmem_cache_alloc(vm_area_cachep, GFP_KERNEL | __GFP_NOFAIL);
		free_batched(p->mm, vma, max);
		n = n - 1;
	}
	drain(p->mm);
}

void exit_mmap_direct(struct task_struct *p, int n)
{
	struct vm_area_struct *vma;

	while (n > 0) {
		vma = kmem_cache_alloc(vm_area_cachep, GFP_KERNEL | __GFP_NOFAIL);
		kmem_cache_free(vm_area_cachep, vma);
		n = n - 1;
	}
}
