/* Whoever puts the last reference frees. */
struct blob {
	refcount_t refs;
	void *data;
};

void blob_put(struct blob *b)
{
	if (b && refcount_dec_and_test(&b->refs)) {
		kfree(b->data);
		kfree(b);
	}
}
