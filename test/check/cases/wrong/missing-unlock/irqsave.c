/* Interrupts stay off on the error path. */
struct counter {
	spinlock_t lock;
	long value;
};

int counter_add(struct counter *c, long by)
{
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	if (c->value + by < 0)
		return -ERANGE; /* want "missing-unlock" */ /* fix "{ spin_unlock_irqrestore(&c->lock, flags); return -ERANGE; }" */
	c->value += by;
	spin_unlock_irqrestore(&c->lock, flags);
	return 0;
}
