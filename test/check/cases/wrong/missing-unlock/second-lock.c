/* Of two locks the outer is forgotten. */
struct side {
	spinlock_t lock;
	int items;
};

int move_item(struct side *from, struct side *to)
{
	spin_lock(&from->lock);
	spin_lock_nested(&to->lock, 1);
	if (from->items == 0) {
		spin_unlock(&to->lock);
		return -ENOENT; /* want "missing-unlock" */ /* fix "spin_unlock(&from->lock); return -ENOENT;" */
	}
	from->items--;
	to->items++;
	spin_unlock(&to->lock);
	spin_unlock(&from->lock);
	return 0;
}
