/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cache_report.h"
#include "cli/outbuf.h"

static struct cache_row row(void)
{
	struct cache_row r = {
		.name = "file",
		.status = {.size = sizeof(r.status),
			   .page_bytes = 4096,
			   .pages = 1024,
			   .resident = 513,
			   .dirty = 2,
			   .writeback = 1,
			   .evicted = 511,
			   .recently_evicted = 7,
			   .flags = FL_CACHE_EXACT | FL_CACHE_DETAIL | FL_CACHE_FOLIOS,
			   .method = "cachestat"},
		.has_bar = 1,
		.changed = 5,
		.seconds = 0.25};

	r.status.folios[0] = 1;
	r.status.folios[9] = 1;
	memset(r.bar, 100, CACHE_BAR_CELLS / 2);
	r.bar[CACHE_BAR_CELLS / 2] = 50;
	r.bar[CACHE_BAR_CELLS / 2 + 1] = 1;
	return r;
}

static void prints(const struct cache_row *r, const char *done, const char *want)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	outbuf_capture(out);
	cache_report_print(r, done);
	outbuf_capture(NULL);
	fclose(out);
	cr_assert_str_eq(text, want);
	free(text);
}

Test(cache_report, a_status_in_lines)
{
	struct cache_row r = row();

	prints(&r, NULL,
	       "file: 513 of 1024 pages resident (50.1 %)\n"
	       "  [################################+-..............................]\n"
	       "  dirty 2, under writeback 1, evicted 511 (recently 7)\n"
	       "  folios: 1 x 2 MiB, 1 x 4 KiB\n");
}

Test(cache_report, what_is_not_known_is_left_out)
{
	struct cache_row r = row();

	r.name = "two\nlines";
	r.has_bar = 0;
	r.status.flags = FL_CACHE_MEMORY;
	prints(&r, NULL,
	       "'two'$'\\n''lines': about 513 of 1024 pages resident (50.1 %)\n"
	       "  this file system is memory: its pages cannot be dropped\n");
	r.status.pages = r.status.resident = 0;
	r.status.flags = FL_CACHE_EXACT;
	prints(&r, NULL, "'two'$'\\n''lines': 0 of 0 pages resident (0.0 %)\n");
}

Test(cache_report, an_action_in_one_line)
{
	struct cache_row r = row();

	prints(&r, "evicted", "file: 513 of 1024 pages resident (50.1 %), 5 evicted in 0.250 s\n");
}

static json_int_t number(const json_t *o, const char *key)
{
	cr_assert(json_is_integer(json_object_get(o, key)), "%s", key);
	return json_integer_value(json_object_get(o, key));
}

Test(cache_report, the_documents_members)
{
	struct cache_row r = row();
	json_t *o = json_object(), *folios;

	cache_report_set(o, &r, NULL);
	cr_assert(number(o, "pages") == 1024 && number(o, "resident_pages") == 513 &&
		  number(o, "dirty_pages") == 2 && number(o, "recently_evicted_pages") == 7);
	cr_assert(json_is_true(json_object_get(o, "exact")));
	cr_assert_eq(json_array_size(json_object_get(o, "resident_percent")), CACHE_BAR_CELLS);
	folios = json_object_get(o, "folios");
	cr_assert_eq(json_array_size(folios), 2u);
	cr_assert_eq(number(json_array_get(folios, 1), "bytes"), 2 << 20);
	cr_assert_null(json_object_get(o, "changed_pages"));
	json_decref(o);
	o = json_object();
	r.has_bar = 0;
	r.status.flags = 0;
	cache_report_set(o, &r, "loaded");
	cr_assert_null(json_object_get(o, "resident_percent"));
	cr_assert_null(json_object_get(o, "dirty_pages"));
	cr_assert_null(json_object_get(o, "folios"));
	cr_assert_eq(number(o, "changed_pages"), 5);
	json_decref(o);
}
