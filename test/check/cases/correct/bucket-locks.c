/* Locks in an array, by a computed index. */
struct bucket {
	spinlock_t lock;
	int length;
};

struct bucket buckets[64];

int bucket_length(unsigned long hash)
{
	struct bucket *b = &buckets[hash % 64];
	int length;

	spin_lock(&b->lock);
	length = b->length;
	spin_unlock(&b->lock);
	return length;
}

void bucket_count(unsigned long hash)
{
	spin_lock(&buckets[hash & 63].lock);
	buckets[hash & 63].length++;
	spin_unlock(&buckets[hash & 63].lock);
}
