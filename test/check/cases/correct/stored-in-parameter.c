/* What is stored in the caller's object belongs to it. */
struct cache {
	void *page;
	size_t size;
};

int cache_grow(struct cache *c, size_t size)
{
	void *page = kzalloc(size, GFP_KERNEL);

	if (!page)
		return -ENOMEM;
	c->page = page;
	c->size = size;
	return 0;
}
