/* SPDX-License-Identifier: MIT */
/* Changes that keep lengths, stored through a map. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/error.h>

#include "store/change.h"
#include "store/journal_block.h"
#include "store/same_store.h"

#define FILE_BYTES 65536u
#define STEP 256u

static char dir[] = "/var/tmp/fl-apply-XXXXXX";
static char path[64];
static struct fl_store_job job = {.durable = {.ops = &fl_durable_kernel}};
static unsigned char group[FILE_BYTES];
static size_t group_len;

/* A byte of every 256: so many that they go through a map; or of every @step. */
static void make_group(unsigned step)
{
	unsigned char *p = group + FL_RUN_HEAD_BYTES;
	uint64_t base = 0;

	for (uint64_t off = 0; off < FILE_BYTES; off += step) {
		struct fl_change c = {.off = off,
				      .old_len = 1,
				      .new_len = 1,
				      .old_bytes = (const unsigned char *)"a",
				      .new_bytes = (const unsigned char *)"b"};

		p += fl_change_put(p, base, &c);
		base = off + 1;
	}
	group_len = (size_t)(p - group);
	fl_put64(group, 0);
	fl_put64(group + 8, group_len - FL_RUN_HEAD_BYTES);
}

static void setup(void)
{
	FILE *f;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t", dir);
	f = fopen(path, "we");
	for (size_t i = 0; i < FILE_BYTES; i++)
		putc('a', f);
	fclose(f);
	make_group(STEP);
	cr_assert_eq(fl_target_open(path, true, &job.target, NULL), 0);
}

static void teardown(void)
{
	fl_target_close(&job.target);
	unlink(path);
	rmdir(dir);
}

TestSuite(same_apply, .init = setup, .fini = teardown);

static void check_file(size_t len)
{
	FILE *f = fopen(path, "re");
	size_t i = 0;
	int c;

	while ((c = getc(f)) != EOF)
		cr_assert(c == "ab"[i++ % STEP == 0], "byte %zu", i);
	fclose(f);
	cr_assert(i == len, "%zu bytes", i);
}

Test(same_apply, many_changes_through_a_map)
{
	cr_assert_eq(fl_same_apply(&job, group, group_len, false, NULL), 0);
	cr_assert_eq(job.stats.by_map, FILE_BYTES / STEP);
	check_file(FILE_BYTES);
}

/* A store that finds no page any more kills nobody, and says so. */
Test(same_apply, the_file_is_cut_before_the_store)
{
	struct fl_error err = {0};

	cr_assert_eq(truncate(path, 8192), 0);
	cr_assert_eq(fl_same_apply(&job, group, group_len, false, &err), -FL_ETRUNCATED);
	cr_assert_eq(err.code, -FL_ETRUNCATED);
	cr_assert_eq(job.stats.by_map, FILE_BYTES / STEP);
	check_file(8192);
}

/* Nor does it become long again. */
Test(same_apply, the_file_is_cut_before_few_changes)
{
	make_group(2 * 4096);
	cr_assert_eq(truncate(path, 100), 0);
	cr_assert_eq(fl_same_apply(&job, group, group_len, false, NULL), -FL_ETRUNCATED);
	cr_assert_eq(job.stats.by_map, 0);
	cr_assert_eq(job.stats.by_pwrite, 2);
	check_file(100);
}
