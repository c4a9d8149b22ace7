/*
 * Uses what it has freed, without a variable of its own for it. Right: use-after-free. Today a pointer that is read
 * again after its object was freed is taken for another one, as if somebody had replaced it meanwhile.
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
