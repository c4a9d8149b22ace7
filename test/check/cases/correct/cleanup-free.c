/* Memory with a cleanup is freed on every way out, unless it is taken out. */
struct record {
	int id;
};

struct record *record_parse(const char *text)
{
	struct record *r __free(kfree) = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return NULL;
	r->id = parse_number(text);
	if (r->id < 0)
		return NULL;
	return no_free_ptr(r);
}
