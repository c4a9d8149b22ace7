/*
 * The only reference of the path is put twice.
 */
struct mempolicy {
	atomic_t refcnt;
	int mode;
};

int policy_check(unsigned short mode, nodemask_t *nodes)
{
	struct mempolicy *pol = mpol_new(mode, 0, nodes);
	int err = 0;

	if (IS_ERR_OR_NULL(pol))
		return PTR_ERR(pol);
	if (pol->mode != mode) {
		mpol_put(pol); /* fix "" */
		err = -EINVAL;
		goto out;
	}
	err = 1;
out:
	mpol_put(pol); /* want "double-put" */
	return err;
}
