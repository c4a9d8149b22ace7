/* The success of the try is forgotten on an error path. */
struct queue {
	struct rw_semaphore sem;
	int length;
};

int queue_peek(struct queue *q)
{
	int length;

	if (!down_read_trylock(&q->sem))
		return -EAGAIN;
	length = q->length;
	if (length == 0)
		return -EAGAIN; /* want "missing-unlock" */ /* fix "{ up_read(&q->sem); return -EAGAIN; }" */
	up_read(&q->sem);
	return length;
}
