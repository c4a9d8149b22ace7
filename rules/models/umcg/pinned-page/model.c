/*
 * Threads register their page, and the kernel pins it so that the scheduler
 * can write to it. What bounds the pages that one process pins?
 */
struct mm_struct {
	spinlock_t lock;
	int pinned;
	int limit;
	int movable;
};

struct mm_struct M;

void setup(void)
{
	M.limit = 1;
	M.movable = 1;
}

/* Long-term pins take the page out of where memory has to stay movable. */
static void pin_user_page(struct mm_struct *mm, int longterm)
{
	lockstep_claim(longterm || !mm->movable, "unbounded-pin", "a movable page is pinned for good, without FOLL_LONGTERM");
	spin_lock(&mm->lock);
	mm->pinned = mm->pinned + 1;
	lockstep_claim(mm->pinned <= mm->limit, "unbounded-pin", "nothing limits how many pages the process pins");
	spin_unlock(&mm->lock);
}

void register_thread(struct mm_struct *mm)
{
	pin_user_page(mm, 0);
}

void register_longterm(struct mm_struct *mm)
{
	pin_user_page(mm, 1);
}

/* RLIMIT_MEMLOCK: what would exceed it is refused. */
void register_limited(struct mm_struct *mm)
{
	spin_lock(&mm->lock);
	if (mm->pinned >= mm->limit) {
		spin_unlock(&mm->lock);
		return;
	}
	mm->movable = 0;
	mm->pinned = mm->pinned + 1;
	lockstep_claim(mm->pinned <= mm->limit, "unbounded-pin", "nothing limits how many pages the process pins");
	spin_unlock(&mm->lock);
}
