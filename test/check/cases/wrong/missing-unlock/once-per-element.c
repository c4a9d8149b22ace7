/* A break leaves the loop with the lock of that element; however many elements there are, it is one mistake. */
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
			break; /* fix "{ spin_unlock(&l->lock); break; }" */
		l->used = 1;
		spin_unlock(&l->lock);
		l = l->next;
	}
} /* want "missing-unlock" */
