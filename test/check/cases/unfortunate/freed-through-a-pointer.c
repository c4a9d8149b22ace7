/*
 * Uses what it has freed, without a variable of its own for it. Right: use-after-free. Today the access is sliced
 * away, because it goes through another load of the same pointer.
 */
struct box {
	struct box *next;
	int n;
};

void box_drop_next(struct box *b)
{
	kfree(b->next);
	b->next->n = 3;
}
