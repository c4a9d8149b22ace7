/* A copy to user space may fault. */
struct stats {
	spinlock_t lock;
	long values[8];
};

int stats_copy(struct stats *s, void __user *to)
{
	int left;

	spin_lock(&s->lock);
	left = copy_to_user(to, s->values, sizeof(s->values)); /* want "sleep-in-atomic" */ /* fix "left = 0;" */
	spin_unlock(&s->lock);
	return left ? -EFAULT : 0;
}
