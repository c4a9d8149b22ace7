/* The error of another call leaves with the lock. */
struct journal {
	struct mutex lock;
	int open;
};

int journal_sync(struct journal *j)
{
	int err;

	err = mutex_lock_killable(&j->lock);
	if (err)
		return err;
	err = journal_write(j->open);
	if (err)
		return err; /* want "missing-unlock" */ /* fix "goto out;" */
	j->open = 0;
out:
	mutex_unlock(&j->lock);
	return err;
}
