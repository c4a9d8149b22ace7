/* A reference taken for the caller on every success. */
struct mempolicy {
	atomic_t refcnt;
	int mode;
};

struct holder {
	struct mempolicy *pol;
};

struct mempolicy *holder_policy(struct holder *h)
{
	struct mempolicy *pol = h->pol;

	if (pol)
		mpol_get(pol);
	return pol;
}
