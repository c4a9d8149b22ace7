/* A lock that was not obtained is not given back. */
struct queue {
	struct mutex lock;
	int length;
};

int queue_length(struct queue *q)
{
	int length;

	if (!mutex_trylock(&q->lock))
		return -EAGAIN;
	length = q->length;
	mutex_unlock(&q->lock);
	return length;
}
