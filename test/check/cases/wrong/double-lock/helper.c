/* The helper takes the lock that is held around its call. */
struct shed {
	struct mutex lock;
	int tools;
};

static int shed_count(struct shed *s)
{
	int tools;

	mutex_lock(&s->lock);
	tools = s->tools;
	mutex_unlock(&s->lock);
	return tools;
}

int shed_take(struct shed *s)
{
	int left;

	mutex_lock(&s->lock);
	s->tools--;
	left = shed_count(s); /* want "double-lock" */ /* fix "left = s->tools;" */
	mutex_unlock(&s->lock);
	return left;
}
