/* Two locks of one class, on two objects. */
struct account {
	spinlock_t lock;
	long sum;
};

void transfer(struct account *from, struct account *to, long amount)
{
	spin_lock(&from->lock);
	spin_lock_nested(&to->lock, SINGLE_DEPTH_NESTING);
	from->sum -= amount;
	to->sum += amount;
	spin_unlock(&to->lock);
	spin_unlock(&from->lock);
}
