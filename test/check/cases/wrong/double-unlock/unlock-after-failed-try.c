/* Gives back what the try did not get. */
struct queue {
	struct mutex lock;
	int length;
};

int queue_length(struct queue *q)
{
	int length = -EAGAIN;

	if (mutex_trylock(&q->lock))
		length = q->length;
	else
		goto out; /* fix "return -EAGAIN;" */
	q->length = 0;
out:
	mutex_unlock(&q->lock); /* want "double-unlock" */
	return length;
}
