/*
 * The reference that is put was taken here, on an object that somebody else kept before; it is not the last one.
 */
struct blob {
	refcount_t refs;
	int v;
};

static void blob_put(struct blob *b)
{
	if (refcount_dec_and_test(&b->refs))
		kfree(b);
}

int blob_sum(struct blob *b)
{
	int v;

	refcount_inc(&b->refs);
	v = b->v;
	blob_put(b);
	return b->v + v;
}
