/* The next entry is read before this one is freed. */
struct entry {
	struct list_head list;
	int key;
};

struct table {
	struct list_head entries;
};

void table_clear(struct table *t)
{
	struct entry *e, *next;

	list_for_each_entry_safe(e, next, &t->entries, list) {
		list_del(&e->list);
		kfree(e);
	}
}
