/* One case returns by itself. */
struct valve {
	spinlock_t lock;
	int state;
};

int valve_turn(struct valve *v, int how)
{
	int err = 0;

	spin_lock(&v->lock);
	switch (how) {
	case 0:
		v->state = 0;
		break;
	case 1:
		return -EPERM; /* want "missing-unlock" */ /* fix "err = -EPERM; break;" */
	default:
		err = -EINVAL;
	}
	spin_unlock(&v->lock);
	return err;
}
