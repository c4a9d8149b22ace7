/* The helper sleeps. */
struct bag {
	rwlock_t lock;
	void *spare;
};

static void *fresh_page(void)
{
	return kzalloc(4096, GFP_KERNEL);
}

void bag_fill(struct bag *b)
{
	write_lock(&b->lock);
	b->spare = fresh_page(); /* want "sleep-in-atomic" */ /* fix "b->spare = kzalloc(4096, GFP_ATOMIC);" */
	write_unlock(&b->lock);
}
