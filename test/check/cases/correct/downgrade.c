/* A write lock becomes a read lock, and is released as one. */
struct area {
	struct rw_semaphore sem;
	int size;
};

int area_shrink(struct area *a, int by)
{
	int left;

	down_write(&a->sem);
	a->size -= by;
	downgrade_write(&a->sem);
	left = a->size;
	up_read(&a->sem);
	return left;
}
