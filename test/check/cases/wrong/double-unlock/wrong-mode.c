/* Taken for reading, given back as if for writing. */
struct area {
	struct rw_semaphore sem;
	int size;
};

void area_shrink(struct area *a)
{
	down_read(&a->sem);
	a->size--;
	up_write(&a->sem); /* want "double-unlock" */ /* fix "up_read(&a->sem);" */
}
