/* Sleeps with interrupts disabled by the lock, on one way only. */
struct counter {
	spinlock_t lock;
	long value;
};

void counter_settle(struct counter *c)
{
	unsigned long flags;

	spin_lock_irqsave(&c->lock, flags);
	if (c->value > 100)
		msleep(10); /* want "sleep-in-atomic" */ /* fix "c->value = 100;" */
	c->value = 0;
	spin_unlock_irqrestore(&c->lock, flags);
}
