/* What is handed out through a pointer belongs to whoever passed it. */
struct record {
	int id;
};

int record_make(int id, struct record **out)
{
	struct record *r = kmalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return -ENOMEM;
	if (id < 0) {
		kfree(r);
		return -EINVAL;
	}
	r->id = id;
	*out = r;
	return 0;
}
