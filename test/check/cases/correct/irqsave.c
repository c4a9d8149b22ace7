/* Interrupts are off only as long as the lock is held. */
struct counter {
	spinlock_t lock;
	unsigned long value;
};

void *counter_report(struct counter *c)
{
	unsigned long flags, *copy;

	copy = kmalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return NULL;
	spin_lock_irqsave(&c->lock, flags);
	*copy = c->value;
	spin_unlock_irqrestore(&c->lock, flags);
	cond_resched();
	return copy;
}
