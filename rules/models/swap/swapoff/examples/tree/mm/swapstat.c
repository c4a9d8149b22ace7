struct swap_map {
	int count;
};

struct swap_info_struct {
	struct percpu_ref users;
	struct swap_map *swap_map;
};

static bool get_swap_device(struct swap_info_struct *si)
{
	return percpu_ref_tryget_live(&si->users);
}

static void put_swap_device(struct swap_info_struct *si)
{
	percpu_ref_put(&si->users);
}

/* Users of an entry, or 0. */
static int entry_users(swp_entry_t entry)
{
	struct swap_info_struct *si = swp_swap_info(entry);
	int users = 0;

	if (!get_swap_device(si))
		return 0;
	if (si->swap_map)
		users = si->swap_map->count;
	put_swap_device(si);
	return users;
}
