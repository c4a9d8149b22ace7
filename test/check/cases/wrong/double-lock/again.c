/* Takes again what it holds. */
struct box {
	struct mutex lock;
	int open;
	int size;
};

void box_reset(struct box *b)
{
	mutex_lock(&b->lock);
	b->open = 0;
	mutex_lock(&b->lock); /* want "double-lock" */ /* fix "" */
	b->size = 0;
	mutex_unlock(&b->lock);
}
