/*
 * A file of huge pages is truncated while a page fault adds a page to it. The
 * size is set first, then pages beyond it are looked for.
 */
struct inode {
	int i_size;
	int has_page;
	struct mutex fault_mutex;
	struct completion truncated;
	struct completion faulted;
};

struct inode I;

void setup(void)
{
	I.i_size = 1;
}

void truncate(struct inode *inode)
{
	inode->i_size = 0;
	mutex_lock(&inode->fault_mutex);
	inode->has_page = 0;
	mutex_unlock(&inode->fault_mutex);
	complete(&inode->truncated);
}

/* The size is looked at before the lock is taken, and not again. */
void fault_unchecked(struct inode *inode)
{
	int size = inode->i_size;

	if (size) {
		mutex_lock(&inode->fault_mutex);
		inode->has_page = 1;
		mutex_unlock(&inode->fault_mutex);
	}
	complete(&inode->faulted);
}

/* Looked at again under the lock; beyond the end nothing is left behind. */
void fault_rechecked(struct inode *inode)
{
	int size = inode->i_size;

	if (size) {
		mutex_lock(&inode->fault_mutex);
		inode->has_page = 1;
		if (!inode->i_size)
			inode->has_page = 0;
		mutex_unlock(&inode->fault_mutex);
	}
	complete(&inode->faulted);
}

/* When both are done, no page is left beyond the end of the file. */
void reader_at_end(struct inode *inode)
{
	wait_for_completion(&inode->truncated);
	wait_for_completion(&inode->faulted);
	lockstep_claim(inode->i_size || !inode->has_page, "lost-update", "a page is left beyond the end of the file");
}
