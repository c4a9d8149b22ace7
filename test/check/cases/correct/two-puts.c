/* Two objects, one put each. */
struct mempolicy {
	atomic_t refcnt;
	int mode;
};

int policies_differ(nodemask_t *a, nodemask_t *b)
{
	struct mempolicy *first, *second;
	int differ;

	first = mpol_new(1, 0, a);
	if (IS_ERR_OR_NULL(first))
		return 0;
	second = mpol_new(1, 0, b);
	if (IS_ERR_OR_NULL(second)) {
		mpol_put(first);
		return 0;
	}
	differ = first->mode != second->mode;
	mpol_put(first);
	mpol_put(second);
	return differ;
}
