/* Takes one at a time off the caller's object, and frees each. */
struct link {
	struct link *next;
};

struct chain {
	spinlock_t lock;
	struct link *head;
};

void chain_drain(struct chain *c)
{
	struct link *l;

	spin_lock(&c->lock);
	while ((l = c->head)) {
		c->head = l->next;
		spin_unlock(&c->lock);
		kfree(l);
		spin_lock(&c->lock);
	}
	spin_unlock(&c->lock);
}
