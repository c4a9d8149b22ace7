/*
 * Two processes map the same huge pages and share a PMD page, which has a
 * count of its own. The page table lock is inside that page. A and B are the
 * processes, MAP is the mapping, PAGE a page of it.
 */
struct pmd_page {
	atomic_t pt_share_count;
	spinlock_t ptl;
	int pte;
};

struct page {
	struct mutex lock;
};

struct address_space {
	struct rw_semaphore i_mmap_rwsem;
	struct rw_semaphore hugetlb_rwsem;
	struct page *page;
};

struct mm_struct {
	struct pmd_page *pud;
};

struct page PAGE;
struct address_space MAP;
struct mm_struct A;
struct mm_struct B;

void setup(void)
{
	struct pmd_page *pmd = kmem_cache_alloc(pmd_cachep, GFP_KERNEL | __GFP_NOFAIL);

	atomic_set(&pmd->pt_share_count, 2);
	A.pud = pmd;
	B.pud = pmd;
	MAP.page = &PAGE;
}

/* The other process has left: the next one to unshare frees the page. */
void setup_last(void)
{
	struct pmd_page *pmd = kmem_cache_alloc(pmd_cachep, GFP_KERNEL | __GFP_NOFAIL);

	atomic_set(&pmd->pt_share_count, 1);
	A.pud = pmd;
	MAP.page = &PAGE;
}

static void put_pmd(struct pmd_page *pmd)
{
	if (atomic_dec_and_test(&pmd->pt_share_count))
		kmem_cache_free(pmd_cachep, pmd);
}

/* The page table entry for an address, with a new PMD page if there is none. */
static struct pmd_page *huge_pte_alloc(struct mm_struct *mm)
{
	struct pmd_page *pmd = mm->pud;

	if (!pmd) {
		pmd = kmem_cache_alloc(pmd_cachep, GFP_KERNEL | __GFP_NOFAIL);
		atomic_set(&pmd->pt_share_count, 1);
		mm->pud = pmd;
	}
	return pmd;
}

static void lock_pte(struct pmd_page *pmd)
{
	spin_lock(&pmd->ptl);
}

static void unlock_pte(struct pmd_page *pmd)
{
	spin_unlock(&pmd->ptl);
}

static void unshare(struct mm_struct *mm)
{
	struct pmd_page *pmd = mm->pud;

	mm->pud = NULL;
	if (pmd)
		put_pmd(pmd);
}

/* mprotect(), mremap(), exit: this process gives its share up. */
void unshare_alone(struct mm_struct *mm)
{
	unshare(mm);
}

void unshare_i_mmap(struct mm_struct *mm)
{
	down_write(&MAP.i_mmap_rwsem);
	unshare(mm);
	up_write(&MAP.i_mmap_rwsem);
}

void unshare_own_rwsem(struct mm_struct *mm)
{
	down_write(&MAP.hugetlb_rwsem);
	unshare(mm);
	up_write(&MAP.hugetlb_rwsem);
}

/* The fault path. */
void fault_nothing_held(struct mm_struct *mm)
{
	struct pmd_page *ptep = huge_pte_alloc(mm);

	cond_resched();
	lock_pte(ptep);
	ptep->pte = 1;
	unlock_pte(ptep);
}

void fault_retry(struct mm_struct *mm)
{
	struct pmd_page *ptep = huge_pte_alloc(mm);

	cond_resched();
	lock_pte(ptep);
	while (ptep != mm->pud) {
		unlock_pte(ptep);
		ptep = huge_pte_alloc(mm);
		lock_pte(ptep);
	}
	ptep->pte = 1;
	unlock_pte(ptep);
}

void fault_i_mmap(struct mm_struct *mm)
{
	struct pmd_page *ptep;

	down_read(&MAP.i_mmap_rwsem);
	ptep = huge_pte_alloc(mm);
	cond_resched();
	lock_pte(ptep);
	ptep->pte = 1;
	unlock_pte(ptep);
	up_read(&MAP.i_mmap_rwsem);
}

void fault_i_mmap_then_page(struct mm_struct *mm)
{
	struct pmd_page *ptep;

	down_read(&MAP.i_mmap_rwsem);
	ptep = huge_pte_alloc(mm);
	mutex_lock(&MAP.page->lock);
	lock_pte(ptep);
	ptep->pte = 1;
	unlock_pte(ptep);
	mutex_unlock(&MAP.page->lock);
	up_read(&MAP.i_mmap_rwsem);
}

void fault_own_rwsem(struct mm_struct *mm)
{
	struct pmd_page *ptep;

	down_read(&MAP.hugetlb_rwsem);
	ptep = huge_pte_alloc(mm);
	mutex_lock(&MAP.page->lock);
	lock_pte(ptep);
	ptep->pte = 1;
	unlock_pte(ptep);
	mutex_unlock(&MAP.page->lock);
	up_read(&MAP.hugetlb_rwsem);
}

/* What a patched fault path may call, and what it is put into. */
static struct pmd_page *huge_pte_offset(struct mm_struct *mm)
{
	return mm->pud;
}

static spinlock_t *huge_pte_lock(int h, struct mm_struct *mm, struct pmd_page *ptep)
{
	lock_pte(ptep);
	return &ptep->ptl;
}

static void i_mmap_lock_read(struct address_space *mapping)
{
	down_read(&MAP.i_mmap_rwsem);
}

static void i_mmap_unlock_read(struct address_space *mapping)
{
	up_read(&MAP.i_mmap_rwsem);
}

static void i_mmap_lock_write(struct address_space *mapping)
{
	down_write(&MAP.i_mmap_rwsem);
}

static void i_mmap_unlock_write(struct address_space *mapping)
{
	up_write(&MAP.i_mmap_rwsem);
}

static void hugetlb_vma_lock_read(struct vm_area_struct *vma)
{
	down_read(&MAP.hugetlb_rwsem);
}

static void hugetlb_vma_unlock_read(struct vm_area_struct *vma)
{
	up_read(&MAP.hugetlb_rwsem);
}

void fault(struct mm_struct *mm)
{
	fault_path(mm);
}

/* Unsharing as it is done now, with both held. */
void huge_pmd_unshare(struct mm_struct *mm)
{
	down_write(&MAP.hugetlb_rwsem);
	down_write(&MAP.i_mmap_rwsem);
	unshare(mm);
	up_write(&MAP.i_mmap_rwsem);
	up_write(&MAP.hugetlb_rwsem);
}

/* Migration and memory failure: the page is locked first, then its mappings are walked. */
void unmap_page(struct address_space *mapping)
{
	mutex_lock(&mapping->page->lock);
	down_write(&mapping->i_mmap_rwsem);
	up_write(&mapping->i_mmap_rwsem);
	mutex_unlock(&mapping->page->lock);
}
