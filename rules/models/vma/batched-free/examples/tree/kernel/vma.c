struct vm_area_struct {
	struct mm_struct *vm_mm;
	struct rcu_head vm_rcu;
	struct file *vm_file;
};

struct mm_struct {
	spinlock_t free_lock;
	struct list_head free_list;
};

static void vma_free_rcu(struct rcu_head *head)
{
	kmem_cache_free(vm_area_cachep, container_of(head, struct vm_area_struct, vm_rcu));
}

void vma_free(struct vm_area_struct *vma)
{
	call_rcu(&vma->vm_rcu, vma_free_rcu);
}
