/*
 * Interrupts are switched off with the lock and not on again. Right: a finding. Today the flavour of an unlock is not
 * compared with that of the lock, and a new function that always ends so is taken to mean it.
 */
struct area {
	spinlock_t lock;
	int size;
};

void area_grow(struct area *a)
{
	unsigned long flags;

	spin_lock_irqsave(&a->lock, flags);
	a->size++;
	spin_unlock(&a->lock);
}
