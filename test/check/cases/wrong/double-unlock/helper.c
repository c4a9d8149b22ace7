/* The helper has released the lock already. */
struct shed {
	struct mutex lock;
	int tools;
};

static int shed_close(struct shed *s)
{
	s->tools = 0;
	mutex_unlock(&s->lock);
	return 0;
}

int shed_sweep(struct shed *s)
{
	int err;

	mutex_lock(&s->lock);
	err = shed_close(s);
	mutex_unlock(&s->lock); /* want "double-unlock" */ /* fix "" */
	return err;
}
