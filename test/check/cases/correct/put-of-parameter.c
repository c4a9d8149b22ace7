/* Consumes the caller's reference on every way out. */
struct mempolicy {
	atomic_t refcnt;
	int mode;
};

int policy_apply(struct mempolicy *pol, int node)
{
	int ret = 0;

	if (node < 0) {
		mpol_put(pol);
		return -EINVAL;
	}
	ret = pol->mode + node;
	mpol_put(pol);
	return ret;
}
