/* Every case of a switch, and what falls through. */
struct valve {
	struct mutex lock;
	int state;
};

int valve_turn(struct valve *v, int how)
{
	int err = 0;

	mutex_lock(&v->lock);
	switch (how) {
	case 0:
		v->state = 0;
		mutex_unlock(&v->lock);
		return 0;
	case 1:
		v->state = 1;
		break;
	case 2:
		v->state = 2;
		fallthrough;
	default:
		err = -EINVAL;
	}
	mutex_unlock(&v->lock);
	return err;
}
