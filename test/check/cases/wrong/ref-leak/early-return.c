/* An error path forgets the reference. */
struct mempolicy {
	atomic_t refcnt;
	int mode;
};

int policy_check(unsigned short mode, nodemask_t *nodes)
{
	struct mempolicy *pol = mpol_new(mode, 0, nodes);

	if (IS_ERR_OR_NULL(pol))
		return PTR_ERR(pol);
	if (pol->mode != mode)
		return -EINVAL; /* want "ref-leak" */ /* fix "{ mpol_put(pol); return -EINVAL; }" */
	mpol_put(pol);
	return 0;
}
