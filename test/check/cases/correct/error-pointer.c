/* An error pointer holds no reference. */
struct mempolicy {
	atomic_t refcnt;
	int mode;
};

int policy_mode(unsigned short mode, nodemask_t *nodes)
{
	struct mempolicy *pol = mpol_new(mode, 0, nodes);
	int ret;

	if (IS_ERR(pol))
		return PTR_ERR(pol);
	if (!pol)
		return 0;
	ret = pol->mode;
	mpol_put(pol);
	return ret;
}
