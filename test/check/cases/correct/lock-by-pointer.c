/* The lock comes as a pointer, and goes by two names. */
struct page_table {
	spinlock_t ptl;
	int present;
};

int table_present(struct page_table *t)
{
	spinlock_t *ptl = &t->ptl;
	int present;

	spin_lock(ptl);
	present = t->present;
	spin_unlock(&t->ptl);
	return present;
}
