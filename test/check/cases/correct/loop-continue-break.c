/* A lock for each round, given back by every way to leave the round. */
struct shelf {
	struct mutex lock;
	int used;
	int wanted;
};

int shelf_scan(struct shelf *shelves, int count)
{
	int i, hits = 0;

	for (i = 0; i < count; i++) {
		struct shelf *s = &shelves[i];

		mutex_lock(&s->lock);
		if (!s->used) {
			mutex_unlock(&s->lock);
			continue;
		}
		if (s->wanted) {
			mutex_unlock(&s->lock);
			break;
		}
		hits++;
		mutex_unlock(&s->lock);
	}
	return hits;
}
