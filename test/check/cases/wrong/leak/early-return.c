/* An error path forgets the memory. */
int sum_up(size_t size, int limit)
{
	int *numbers = kmalloc(size, GFP_KERNEL);
	int sum;

	if (!numbers)
		return -ENOMEM;
	sum = numbers[0];
	if (sum > limit)
		return -ERANGE; /* want "leak" */ /* fix "{ kfree(numbers); return -ERANGE; }" */
	kfree(numbers);
	return sum;
}
