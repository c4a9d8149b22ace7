/*
 * A break leaves the loop with the lock of that element. Right: one missing-unlock. Today the lock of each
 * element that the walk comes to is a lock of its own, and the one mistake is reported for each of them.
 */
struct link {
	struct link *next;
	spinlock_t lock;
	int used;
};

void chain_mark(struct link *l)
{
	while (l) {
		spin_lock(&l->lock);
		if (l->used)
			break;
		l->used = 1;
		spin_unlock(&l->lock);
		l = l->next;
	}
} /* want "missing-unlock" "missing-unlock" "missing-unlock" "missing-unlock" "missing-unlock" "missing-unlock" */
