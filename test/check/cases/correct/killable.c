/* A killable acquisition that was interrupted did not take the lock. */
struct journal {
	struct mutex lock;
	int open;
};

int journal_close(struct journal *j)
{
	int err;

	err = mutex_lock_killable(&j->lock);
	if (err)
		return err;
	j->open = 0;
	mutex_unlock(&j->lock);
	return 0;
}
