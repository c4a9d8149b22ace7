/*
 * A path that has to drop the page lock and still needs the mapping, against
 * umount. X is the page; its inode belongs to a superblock.
 */
struct super_block {
	int s_flags;
};

struct inode {
	atomic_t i_count;
	struct super_block *i_sb;
	int stop_eviction;
};

struct page {
	struct mutex lock;
	struct inode *host;
};

/* wake_up_var(): the queue is not in the inode, which may be gone by then. */
struct wait_table {
	wait_queue_head_t queue;
};

struct page X;
struct wait_table VAR;

void setup(void)
{
	struct super_block *sb = kmem_cache_alloc(sb_cachep, GFP_KERNEL | __GFP_NOFAIL);
	struct inode *inode = kmem_cache_alloc(inode_cachep, GFP_KERNEL | __GFP_NOFAIL);

	atomic_set(&inode->i_count, 1);
	inode->i_sb = sb;
	X.host = inode;
}

static void iput(struct inode *inode)
{
	if (atomic_dec_and_test(&inode->i_count))
		kmem_cache_free(inode_cachep, inode);
}

/* Keeps the inode, which says nothing about its superblock. */
void fault_igrab(struct page *page)
{
	struct inode *inode;
	int flags;

	mutex_lock(&page->lock);
	inode = page->host;
	if (!inode) {
		mutex_unlock(&page->lock);
		return;
	}
	atomic_inc(&inode->i_count);
	mutex_unlock(&page->lock);
	flags = inode->i_sb->s_flags;
	iput(inode);
}

/* Keeps the inode from being evicted, which umount has to wait for. */
void fault_stop_eviction(struct page *page)
{
	struct inode *inode;
	int flags;

	mutex_lock(&page->lock);
	inode = page->host;
	if (!inode) {
		mutex_unlock(&page->lock);
		return;
	}
	inode->stop_eviction = 1;
	mutex_unlock(&page->lock);
	flags = inode->i_sb->s_flags;
	inode->stop_eviction = 0;
	wake_up(&VAR.queue);
}

/* Inodes that are in use are left behind ("Busy inodes after unmount"). */
void umount(struct page *page)
{
	struct inode *inode;
	struct super_block *sb;

	mutex_lock(&page->lock);
	inode = page->host;
	page->host = NULL;
	mutex_unlock(&page->lock);
	sb = inode->i_sb;
	iput(inode);
	kmem_cache_free(sb_cachep, sb);
}

void umount_waits(struct page *page)
{
	struct inode *inode;
	struct super_block *sb;

	mutex_lock(&page->lock);
	inode = page->host;
	page->host = NULL;
	mutex_unlock(&page->lock);
	wait_event(VAR.queue, inode->stop_eviction == 0);
	sb = inode->i_sb;
	iput(inode);
	kmem_cache_free(sb_cachep, sb);
}
