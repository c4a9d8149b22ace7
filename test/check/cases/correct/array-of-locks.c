/* A lock of its own for each round, named by an index that changes. */
struct shelf {
	spinlock_t lock;
	int used;
};

void shelves_clear(struct shelf *shelves, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		spin_lock(&shelves[i].lock);
		shelves[i].used = 0;
		spin_unlock(&shelves[i].lock);
	}
}
