/* The attempt stands in the condition. */
struct journal {
	struct rw_semaphore sem;
	int open;
};

ssize_t journal_state(struct journal *j)
{
	ssize_t open;

	if (down_read_interruptible(&j->sem))
		return -ERESTARTSYS;
	open = j->open;
	up_read(&j->sem);
	return open;
}
