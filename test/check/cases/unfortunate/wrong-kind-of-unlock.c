/*
 * Taken for reading, given back as if for writing; interrupts switched off and not on again. Right: a finding in
 * each. Today neither the mode nor the interrupt flavour of an unlock is compared with that of the lock.
 */
struct area {
	struct rw_semaphore sem;
	spinlock_t lock;
	int size;
};

void area_shrink(struct area *a)
{
	down_read(&a->sem);
	a->size--;
	up_write(&a->sem);
}

void area_grow(struct area *a)
{
	unsigned long flags;

	spin_lock_irqsave(&a->lock, flags);
	a->size++;
	spin_unlock(&a->lock);
}
