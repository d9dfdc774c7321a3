/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include <faultline/count.h>
#include <faultline/lines.h>

#include "engine/beside.h"

static const char text[] = "one\ntwo\nthree\n";

/* Return: what @rc says; appends nothing. */
static int fails(void *arg, const void *data, size_t len)
{
	(void)data;
	(void)len;
	return *(int *)arg;
}

/* A pipeline that ends with an error, or wants no more, when it is to write. */
static struct fl_pipeline *writer(enum fl_lines_mode mode, int *rc, struct fl_lines **ret)
{
	struct fl_lines_options opt = {
		.size = sizeof(opt), .mode = mode, .to = 1, .write = fails, .arg = rc};
	struct fl_pipeline *pl;

	cr_assert_eq(fl_pipeline_new(NULL, &pl, NULL), 0);
	cr_assert_eq(fl_lines_new(&opt, ret, NULL), 0);
	cr_assert_eq(fl_pipeline_add(pl, fl_lines_operator(*ret), *ret), 0);
	return pl;
}

Test(beside, it_reads_what_is_written)
{
	struct fl_count_result result;
	struct fl_beside *beside;
	struct fl_pipeline *pl;
	struct fl_count *count;
	struct fl_error err;

	cr_assert_eq(fl_pipeline_new(NULL, &pl, NULL), 0);
	cr_assert_eq(fl_count_new(FL_COUNT_LINES | FL_COUNT_BYTES, &count), 0);
	cr_assert_eq(fl_pipeline_add(pl, fl_count_operator(count), count), 0);
	/* Again and again. */
	for (int i = 1; i < 4; i++) {
		cr_assert_eq(fl_beside_begin(pl, "name", &beside, &err), 0);
		for (int k = 0; k < i; k++)
			cr_assert_eq(fl_beside_write(beside, text, strlen(text)), 0);
		cr_assert_eq(fl_beside_end(beside, 0, &err), 0);
		fl_count_result(count, &result);
		cr_assert_eq(result.lines, 3 * (unsigned)i);
	}
	/* The error of whoever feeds it is the one that counts. */
	cr_assert_eq(fl_beside_begin(pl, "name", &beside, &err), 0);
	cr_assert_eq(fl_beside_end(beside, -EIO, &err), -EIO);
	fl_pipeline_free(pl);
	fl_count_free(count);
}

/* Writes until it is told something else than 0. */
static int write_on(struct fl_beside *beside)
{
	static char many[65536];
	int r;

	memset(many, '\n', sizeof(many));
	do
		r = fl_beside_write(beside, many, sizeof(many));
	while (r == 0);
	return r;
}

Test(beside, its_error_reaches_the_writer)
{
	struct fl_error err = {.code = 0};
	struct fl_beside *beside;
	struct fl_pipeline *pl;
	struct fl_lines *lines;
	int rc = -ENOSPC;

	pl = writer(FL_LINES_ALL, &rc, &lines);
	cr_assert_eq(fl_beside_begin(pl, "name", &beside, &err), 0);
	cr_assert_eq(write_on(beside), -FL_ECANCELED);
	cr_assert_eq(fl_beside_end(beside, -FL_ECANCELED, &err), -ENOSPC);
	cr_assert_eq(err.code, -ENOSPC);
	fl_pipeline_free(pl);
	fl_lines_free(lines);
}

Test(beside, it_may_want_no_more)
{
	struct fl_beside *beside;
	struct fl_pipeline *pl;
	struct fl_lines *lines;
	struct fl_error err;
	int rc = 0;

	pl = writer(FL_LINES_SLICE, &rc, &lines);
	cr_assert_eq(fl_beside_begin(pl, "name", &beside, &err), 0);
	cr_assert_eq(write_on(beside), FL_FOLD_STOP);
	cr_assert_eq(fl_beside_end(beside, 0, &err), 0);
	fl_pipeline_free(pl);
	fl_lines_free(lines);
}
