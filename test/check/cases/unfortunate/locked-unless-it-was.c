/*
 * Moves the caller's lock to another root when it must; the root that is returned is locked either way. Right:
 * silent. Today the end on which nothing changes is taken for one without the lock.
 */
struct root {
	struct rw_semaphore sem;
};

struct leaf {
	struct root *root;
};

static struct root *lock_root(struct root *root, struct leaf *l)
{
	struct root *new_root = l->root;

	if (new_root != root) {
		if (WARN_ON_ONCE(root))
			up_write(&root->sem);
		root = new_root;
		down_write(&root->sem);
	}
	return root; /* want "missing-unlock" */
}
