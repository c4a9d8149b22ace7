/* What is on a list belongs to the list. */
struct entry {
	struct list_head list;
	int key;
};

struct table {
	struct list_head entries;
	spinlock_t lock;
};

int table_insert(struct table *t, int key)
{
	struct entry *e = kmalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return -ENOMEM;
	e->key = key;
	spin_lock(&t->lock);
	list_add_tail(&e->list, &t->entries);
	spin_unlock(&t->lock);
	return 0;
}
