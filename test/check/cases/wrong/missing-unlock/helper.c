/* The lock is taken by a helper. */
struct shed {
	struct mutex lock;
	int tools;
};

static void shed_enter(struct shed *s)
{
	mutex_lock(&s->lock);
}

static void shed_leave(struct shed *s)
{
	mutex_unlock(&s->lock);
}

int shed_take(struct shed *s)
{
	shed_enter(s);
	if (s->tools == 0)
		return -ENOENT; /* want "missing-unlock" */ /* fix "{ shed_leave(s); return -ENOENT; }" */
	s->tools--;
	shed_leave(s);
	return 0;
}
