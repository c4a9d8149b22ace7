/* The second round unlocks what the first has given back, and without a round the lock is kept. */
struct tray {
	spinlock_t lock;
	int cups;
};

void tray_empty(struct tray *t)
{
	spin_lock(&t->lock);
	while (t->cups > 0) {
		t->cups--;
		spin_unlock(&t->lock); /* want "double-unlock" */ /* fix "" */
	} /* fix "} spin_unlock(&t->lock);" */
} /* want "missing-unlock" */
