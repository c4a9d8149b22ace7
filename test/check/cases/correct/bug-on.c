/* What BUG_ON() rules out does not come back, so it leaks nothing. */
struct frame {
	spinlock_t lock;
	int count;
};

void frame_drop(struct frame *f)
{
	spin_lock(&f->lock);
	BUG_ON(f->count == 0);
	if (f->count < 0)
		BUG();
	f->count--;
	spin_unlock(&f->lock);
}
