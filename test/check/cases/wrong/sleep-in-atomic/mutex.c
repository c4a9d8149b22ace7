/* Takes a mutex under a spinlock. */
struct box {
	spinlock_t lock;
	struct mutex slow;
	int size;
};

void box_update(struct box *b)
{
	spin_lock(&b->lock);
	mutex_lock(&b->slow); /* want "sleep-in-atomic" */ /* fix "if (mutex_trylock(&b->slow)) {" */
	b->size++;
	mutex_unlock(&b->slow); /* fix "mutex_unlock(&b->slow); }" */
	spin_unlock(&b->lock);
}
