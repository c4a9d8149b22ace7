/*
 * An unknown function keeps the object when it returns 0; only its failure is undone here. The kfree() on the error
 * path shows what happens on failure, and nothing of what happens on success.
 */
struct device_entry {
	int id;
};

int entry_register(int id)
{
	struct device_entry *e;
	int err;

	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	e->id = id;
	err = registry_insert(e);
	if (err)
		kfree(e);
	return err;
}
