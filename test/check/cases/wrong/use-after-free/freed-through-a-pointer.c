/*
 * Uses what it has freed, without a variable of its own for it.
 */
struct box {
	struct box *next;
	int n;
};

void box_drop_next(struct box *b)
{
	kfree(b->next); /* fix "" */
	b->next->n = 3; /* want "use-after-free" */
}
