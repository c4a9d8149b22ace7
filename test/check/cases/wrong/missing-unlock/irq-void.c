/* Interrupts stay off on one way out. */
struct counter {
	spinlock_t lock;
	long value;
};

void counter_add(struct counter *c, long by)
{
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	if (c->value + by < 0)
		return; /* want "missing-unlock" */ /* fix "goto out;" */
	c->value += by;
out:
	spin_unlock_irqrestore(&c->lock, flags);
}
