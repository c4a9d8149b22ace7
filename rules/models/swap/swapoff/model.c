/*
 * A swap device S that somebody switches off while a task looks an entry up in
 * its map. Users of the device take a reference that can't be had any more
 * once swapoff() has begun; swapoff() waits for the last of them.
 */
struct swap_map {
	int count;
};

struct swap_info_struct {
	struct percpu_ref users;
	struct completion comp;
	struct swap_map *swap_map;
};

struct swap_info_struct S;

static void swap_users_ref_free(struct percpu_ref *ref)
{
	struct swap_info_struct *si = container_of(ref, struct swap_info_struct, users);

	complete(&si->comp);
}

void setup(void)
{
	struct swap_map *map = vzalloc(sizeof(*map));

	percpu_ref_init(&S.users, swap_users_ref_free, 0, GFP_KERNEL | __GFP_NOFAIL);
	S.swap_map = map;
}

static bool get_swap_device(struct swap_info_struct *si)
{
	return percpu_ref_tryget_live(&si->users);
}

static void put_swap_device(struct swap_info_struct *si)
{
	percpu_ref_put(&si->users);
}

static void free_map(struct swap_info_struct *si)
{
	struct swap_map *map = si->swap_map;

	si->swap_map = NULL;
	vfree(map);
}

void swapoff(struct swap_info_struct *si)
{
	percpu_ref_kill(&si->users);
	wait_for_completion(&si->comp);
	free_map(si);
}

void swapoff_at_once(struct swap_info_struct *si)
{
	percpu_ref_kill(&si->users);
	free_map(si);
}

/* do_swap_page(): is the entry still in use? */
void do_swap_page(struct swap_info_struct *si)
{
	struct swap_map *map;
	int count = 0;

	if (!get_swap_device(si))
		return;
	map = si->swap_map;
	if (map)
		count = map->count;
	put_swap_device(si);
}

/* What a patched lookup is put into, and how it finds the device. */
static struct swap_info_struct *swp_swap_info(int entry)
{
	return &S;
}

void user(void)
{
	look();
}

void do_swap_page_bare(struct swap_info_struct *si)
{
	struct swap_map *map = si->swap_map;
	int count = 0;

	if (map)
		count = map->count;
}
