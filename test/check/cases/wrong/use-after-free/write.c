/* Writes into memory that an error path has freed. */
struct record {
	int id;
	int state;
};

struct record *record_make(int id)
{
	struct record *r = kmalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return NULL;
	if (id < 0)
		kfree(r); /* fix "{ kfree(r); return NULL; }" */
	r->id = id; /* want "use-after-free" */
	return r;
}
