/* The step to the next element reads the one that was freed. */
struct link {
	struct link *next;
};

void chain_free(struct link *l)
{
	while (l) {
		kfree(l); /* fix "struct link *dead = l; l = l->next; kfree(dead); continue;" */
		l = l->next; /* want "use-after-free" */
	}
}
