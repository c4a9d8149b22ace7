/* local_irq_disable() without its counterpart on one way out. */
struct counter {
	long value;
};

int counter_step(struct counter *c)
{
	local_irq_disable();
	if (c->value == 0)
		return -ERANGE; /* want "missing-unlock" */ /* fix "{ local_irq_enable(); return -ERANGE; }" */
	c->value--;
	local_irq_enable();
	return 0;
}
