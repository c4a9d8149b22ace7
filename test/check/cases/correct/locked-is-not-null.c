/*
 * What was locked through a pointer was no NULL pointer, so that the test at the end gives the lock back whenever
 * it was taken.
 */
struct map {
	struct rw_semaphore sem;
};

struct file {
	struct map *map;
};

struct area {
	struct file *file;
};

void area_link(struct area *a)
{
	struct map *map = NULL;

	if (a->file) {
		map = a->file->map;
		down_write(&map->sem);
	}
	link_area(a);
	if (map)
		up_write(&map->sem);
}
