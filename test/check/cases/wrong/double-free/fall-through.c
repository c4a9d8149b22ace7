/* The success path runs into the label that frees again. */
int sum_up(size_t size)
{
	int *numbers = kmalloc(size, GFP_KERNEL);
	int err = -ENOMEM;

	if (!numbers)
		return err;
	err = read_numbers(numbers);
	if (err)
		goto out;
	err = numbers[0];
	kfree(numbers); /* fix "" */
out:
	kfree(numbers); /* want "double-free" */
	return err;
}
