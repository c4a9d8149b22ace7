/* What is returned belongs to the caller. */
struct record {
	int id;
	char *name;
};

struct record *record_new(int id, const char *name)
{
	struct record *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return ERR_PTR(-ENOMEM);
	r->id = id;
	r->name = kstrdup(name, GFP_KERNEL);
	if (!r->name) {
		kfree(r);
		return ERR_PTR(-ENOMEM);
	}
	return r;
}
