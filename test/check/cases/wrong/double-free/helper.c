/* Frees what the helper has freed on its error path. */
struct record {
	int id;
};

static int record_check(struct record *r)
{
	if (r->id < 0) {
		kfree(r);
		return -EINVAL;
	}
	return 0;
}

int record_try(struct record *r)
{
	int err = record_check(r);

	if (err)
		kfree(r); /* want "double-free" */ /* fix "return err;" */
	return err;
}
