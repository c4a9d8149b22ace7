/* A warning with a way out of its own. */
struct frame {
	spinlock_t lock;
	int count;
};

int frame_take(struct frame *f)
{
	int err = 0;

	spin_lock(&f->lock);
	if (WARN_ON_ONCE(f->count == 0)) {
		err = -EIO;
		goto out;
	}
	f->count--;
out:
	spin_unlock(&f->lock);
	return err;
}
