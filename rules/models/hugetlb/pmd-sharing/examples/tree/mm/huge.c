struct address_space {
	struct rw_semaphore i_mmap_rwsem;
};

struct mm_struct {
	struct rw_semaphore mmap_lock;
};

static int huge_add(struct mm_struct *mm, struct address_space *mapping, struct hstate *h, unsigned long addr)
{
	spinlock_t *ptl;
	pte_t *ptep;

	i_mmap_lock_read(mapping);
	ptep = huge_pte_alloc(mm, addr, huge_page_size(h));
	if (!ptep) {
		i_mmap_unlock_read(mapping);
		return -ENOMEM;
	}
	ptl = huge_pte_lock(h, mm, ptep);
	set_huge_pte_at(mm, addr, ptep, huge_entry(mapping));
	spin_unlock(ptl);
	i_mmap_unlock_read(mapping);
	return 0;
}
