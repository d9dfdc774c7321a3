/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <faultline/info.h>

#include "plat/file.h"

#define ROWS_MAX 64

struct seen {
	char keys[ROWS_MAX][64];
	char values[ROWS_MAX][512];
	size_t n;
};

static void note(void *arg, const char *key, const char *value)
{
	struct seen *s = arg;

	cr_assert(s->n < ROWS_MAX);
	snprintf(s->keys[s->n], sizeof(s->keys[0]), "%s", key);
	snprintf(s->values[s->n++], sizeof(s->values[0]), "%s", value);
}

static const char *value_of(const struct seen *s, const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->keys[i], key) == 0)
			return s->values[i];
	cr_assert_fail("no row '%s'", key);
	return NULL;
}

static void all_are_told_once(const struct seen *s)
{
	for (size_t i = 0; i < s->n; i++) {
		cr_assert(s->values[i][0] != '\0', "%s", s->keys[i]);
		cr_assert_null(strchr(s->values[i], '\n'));
		for (size_t k = 0; k < i; k++)
			cr_assert_neq(strcmp(s->keys[i], s->keys[k]), 0, "%s", s->keys[i]);
	}
}

Test(machine_info, every_fact_has_a_value)
{
	static const char *const keys[] = {"kernel",
					   "cpu",
					   "cpus_allowed",
					   "instruction_sets",
					   "memory_bytes",
					   "cgroup",
					   "cgroup_memory_limit_bytes",
					   "huge_page_bytes",
					   "folio_bytes",
					   "transparent_huge_pages",
					   "io_uring",
					   "cachestat",
					   "userfaultfd",
					   "perf_events"};
	static struct seen s;
	char page[32];

	fl_info_machine(note, &s);
	all_are_told_once(&s);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		cr_assert_not_null(value_of(&s, keys[i]));
	snprintf(page, sizeof(page), "%ld", sysconf(_SC_PAGESIZE));
	cr_assert_str_eq(value_of(&s, "page_bytes"), page);
	/* A facility is there, or the system says why not. */
	cr_assert(strcmp(value_of(&s, "cachestat"), "yes") == 0 ||
		  strncmp(value_of(&s, "cachestat"), "no: ", 4) == 0);
}

Test(machine_info, of_a_file)
{
	static struct seen s;
	struct fl_source *src = NULL;
	int fd = fl_file_temp_in(NULL);

	cr_assert(fd >= 0);
	cr_assert_eq(fl_fd_pwrite(fd, "text", 4, 0), 0);
	cr_assert_eq(fl_source_open_fd(fd, "(file)", &src, NULL), 0);
	cr_assert_eq(fl_info_source(src, note, &s), 0);
	all_are_told_once(&s);
	cr_assert_str_eq(value_of(&s, "bytes"), "4");
	cr_assert_not_null(value_of(&s, "filesystem"));
	cr_assert_not_null(value_of(&s, "readahead_bytes"));
	cr_assert_eq(fl_info_source(NULL, note, &s), -EINVAL);
	cr_assert_eq(fl_info_source(src, NULL, NULL), -EINVAL);
	fl_source_close(src);
	fl_fd_close(fd);
}
