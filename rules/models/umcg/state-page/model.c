/*
 * The state of a worker is the kernel's own (W.state). User space sees it in a
 * page that the kernel can take away and fill again (special mapping), or is
 * woken and asks.
 */
struct worker {
	spinlock_t lock;
	int state;
	int present;
	int page;
	wait_queue_head_t queue;
	struct completion blocked;
	struct completion faulted;
};

struct worker W;

void setup(void)
{
}

/* From the scheduler: never sleeps, skips a page that is not there. */
void update_locked(struct worker *w)
{
	spin_lock(&w->lock);
	w->state = 1;
	if (w->present)
		w->page = 1;
	spin_unlock(&w->lock);
	complete(&w->blocked);
}

void update_unlocked(struct worker *w)
{
	w->state = 1;
	if (w->present)
		w->page = 1;
	complete(&w->blocked);
}

/* vm_ops->fault() makes the page anew from what the kernel knows. */
void fault_locked(struct worker *w)
{
	spin_lock(&w->lock);
	w->page = w->state;
	w->present = 1;
	spin_unlock(&w->lock);
	complete(&w->faulted);
}

void fault_unlocked(struct worker *w)
{
	w->page = w->state;
	w->present = 1;
	complete(&w->faulted);
}

void reclaim(struct worker *w)
{
	spin_lock(&w->lock);
	w->present = 0;
	spin_unlock(&w->lock);
}

/* When both are done, the page is right or is not there. */
void server(struct worker *w)
{
	wait_for_completion(&w->blocked);
	wait_for_completion(&w->faulted);
	lockstep_claim(!w->present || w->page == w->state, "lost-update", "the page keeps a state that is no longer true");
}

/* User space sleeps until there is something to see. */
void update_and_wake(struct worker *w)
{
	w->state = 1;
	wake_up(&w->queue);
}

void wait_for_worker(struct worker *w)
{
	wait_event(w->queue, w->state == 1);
	lockstep_claim(w->state == 1, "lost-update", "the server does not see the new state");
}
