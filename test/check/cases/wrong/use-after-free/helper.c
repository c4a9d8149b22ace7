/* A helper frees. */
struct blob {
	void *data;
	int id;
};

static void blob_destroy(struct blob *b)
{
	kfree(b->data);
	kfree(b);
}

int blob_close(struct blob *b)
{
	blob_destroy(b); /* fix "" */
	return b->id; /* want "use-after-free" */
}
