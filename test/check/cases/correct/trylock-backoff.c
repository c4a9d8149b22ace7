/* Two locks in the wrong order: try the second, else drop the first and take both in order. */
struct side {
	spinlock_t lock;
	int items;
};

void move_item(struct side *from, struct side *to)
{
	spin_lock(&from->lock);
	if (!spin_trylock(&to->lock)) {
		spin_unlock(&from->lock);
		spin_lock(&to->lock);
		spin_lock(&from->lock);
	}
	from->items--;
	to->items++;
	spin_unlock(&to->lock);
	spin_unlock(&from->lock);
}
