/* A break leaves the loop with the lock. */
struct tray {
	spinlock_t lock;
	int cups;
	int cracked;
};

void tray_wash(struct tray *t, int count)
{
	while (count > 0) {
		spin_lock(&t->lock);
		if (t->cracked)
			break; /* fix "{ spin_unlock(&t->lock); break; }" */
		t->cups++;
		spin_unlock(&t->lock);
		count--;
	}
} /* want "missing-unlock" */
