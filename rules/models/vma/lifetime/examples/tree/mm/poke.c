struct vm_area_struct {
	struct rw_semaphore vm_lock;
	unsigned long vm_flags;
};

struct mm_struct {
	atomic_t mm_users;
	struct rw_semaphore mmap_lock;
};

static int mm_is_poked(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	int poked = 0;

	mmget(mm);
	mmap_read_lock(mm);
	vma = find_vma(mm, addr);
	if (vma)
		poked = vma->vm_flags & VM_POKED;
	mmap_read_unlock(mm);
	mmput(mm);
	return poked;
}
