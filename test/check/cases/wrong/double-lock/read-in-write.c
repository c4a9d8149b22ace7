/* Takes for reading what it holds for writing. */
struct area {
	struct rw_semaphore sem;
	int size;
};

int area_trim(struct area *a)
{
	int size;

	down_write(&a->sem);
	a->size--;
	down_read(&a->sem); /* want "double-lock" */ /* fix "downgrade_write(&a->sem);" */
	size = a->size;
	up_read(&a->sem);
	return size;
}
