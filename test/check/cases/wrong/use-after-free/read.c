/* Looks into what it has just freed. */
struct blob {
	int id;
	void *data;
};

int blob_drop(struct blob *b)
{
	kfree(b->data);
	kfree(b); /* fix "" */
	return b->id; /* want "use-after-free" */
}
