/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/pipeline.h>

#define TEXT_MAX 262144

static unsigned char text[TEXT_MAX];

/* Copies what it sees; a part is full after @full bytes, and then folded in the map's midst if
 * @flushes says so. */
struct copy {
	size_t full;
	int flushes;
	size_t stop_at;
	int map_fails;
	int stuck;
	size_t len;
	int started, finished, inits, dones, views_kept;
	unsigned char bytes[TEXT_MAX];
};

static int copy_start(void *op, const struct fl_run *run, struct fl_error *reterr)
{
	struct copy *c = op;

	(void)reterr;
	cr_assert(run->size == sizeof(*run) && run->delimiter == '\n');
	c->started++;
	c->len = 0;
	return 0;
}

static int copy_init(const void *op, void **ret_scratch, struct fl_error *reterr)
{
	(void)reterr;
	*ret_scratch = (void *)(uintptr_t) & ((const struct copy *)op)->inits;
	++*(int *)*ret_scratch;
	return 0;
}

static void copy_done(const void *op, void *scratch)
{
	cr_assert(scratch == (const void *)&((const struct copy *)op)->inits);
	++((struct copy *)(uintptr_t)op)->dones;
}

static int map_and_flush(const struct copy *c, const struct fl_view *in, struct fl_part *part,
			 struct fl_error *reterr)
{
	for (size_t at = 0; at < in->len; at += c->full) {
		size_t n = in->len - at < c->full ? in->len - at : c->full;
		int r = part->len > 0 ? fl_part_flush(part, reterr) : 0;

		cr_assert(r < 0 || part->len == 0);
		if (r != 0)
			return r < 0 ? r : 0;
		fl_part_append(part, in->data + at, n);
	}
	return 0;
}

static int copy_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	const struct copy *c = op;
	size_t n = in->len < c->full ? in->len : c->full;

	(void)scratch;
	if (c->map_fails) {
		reterr->code = c->map_fails;
		reterr->off = in->off;
		return c->map_fails;
	}
	cr_assert(part->len == 0 && part->off == in->off);
	if (c->flushes)
		return map_and_flush(c, in, part, reterr);
	part->next_off = in->off + n;
	if (c->stuck) {
		part->next_off = in->off;
		return FL_MAP_FULL;
	}
	fl_part_append(part, in->data, n);
	return n < in->len ? FL_MAP_FULL : 0;
}

static int copy_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct copy *c = op;

	(void)reterr;
	cr_assert(c->flushes || (part->off == c->len && part->end == part->off + part->len));
	if (part->view_count) {
		cr_assert(part->view->off == part->off && part->view->len == part->len);
		cr_assert(memcmp(part->view->data, part->data, part->len) == 0);
		c->views_kept++;
	}
	memcpy(c->bytes + c->len, part->data, part->len);
	c->len += part->len;
	return c->stop_at && c->len >= c->stop_at ? FL_FOLD_STOP : 0;
}

static int copy_finish(void *op, struct fl_error *reterr)
{
	(void)reterr;
	((struct copy *)op)->finished++;
	return 0;
}

static const struct fl_operator copy_ops = {.size = sizeof(copy_ops),
					    .name = "copy",
					    .start = copy_start,
					    .worker_init = copy_init,
					    .worker_done = copy_done,
					    .map = copy_map,
					    .fold = copy_fold,
					    .finish = copy_finish};

static struct copy first, second;
static char path[] = "/tmp/test_small.XXXXXX";

static void make_file(size_t len)
{
	int fd;

#ifdef FL_TINY_WINDOWS
	cr_skip_test("every file takes the long way in this build");
#endif
	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	for (size_t i = 0; i < len; i++)
		text[i] = (unsigned char)(i * 2654435761u >> 24);
	cr_assert(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	close(fd);
	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	first.full = second.full = SIZE_MAX;
}

static struct fl_pipeline *make_pipeline(void)
{
	static struct fl_operator keeping;
	struct fl_pipeline *pl = NULL;

	keeping = copy_ops;
	keeping.flags = FL_OP_KEEP_VIEW;
	cr_assert(fl_pipeline_new(NULL, &pl, NULL) == 0);
	cr_assert(fl_pipeline_add(pl, &copy_ops, &first) == 0);
	cr_assert(fl_pipeline_add(pl, &keeping, &second) == 0);
	return pl;
}

static int run(struct fl_pipeline *pl, struct fl_error *err)
{
	struct fl_source *src = NULL;
	int r;

	cr_assert(fl_source_open(path, &src, NULL) == 0);
	r = fl_pipeline_run(pl, src, err);
	fl_source_close(src);
	return r;
}

Test(small, every_operator_sees_every_byte)
{
	static const size_t lens[] = {0, 1, 5, 16384, 16385, 100000, TEXT_MAX};
	struct fl_pipeline *pl;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		struct fl_stats stats = {.size = sizeof(stats)};

		make_file(lens[i]);
		first.full = 3000;
		pl = make_pipeline();
		for (int round = 1; round < 3; round++) {
			cr_assert(run(pl, NULL) == 0);
			cr_assert(first.len == lens[i] && second.len == lens[i]);
			cr_assert(memcmp(first.bytes, text, lens[i]) == 0);
			cr_assert(memcmp(second.bytes, text, lens[i]) == 0);
			cr_assert(first.started == round && first.finished == round);
			cr_assert(first.inits == first.dones && first.views_kept == 0);
			cr_assert(second.views_kept == (lens[i] > 0 ? round : 0));
			cr_assert(fl_pipeline_stats(pl, &stats) == 0);
			cr_assert(stats.bytes == lens[i] && stats.threads == 1);
			cr_assert(strcmp(stats.io_reason, "small file") == 0);
		}
		fl_pipeline_free(pl);
		unlink(path);
	}
}

Test(small, an_operator_that_stops_and_one_that_goes_on)
{
	struct fl_pipeline *pl;

	make_file(5000);
	first.full = 100;
	first.stop_at = 250;
	pl = make_pipeline();
	cr_assert(run(pl, NULL) == 0);
	cr_assert(first.len == 300 && second.len == 5000);
	cr_assert(first.finished == 1 && second.finished == 1);
	fl_pipeline_free(pl);
	unlink(path);
}

/* More output than a part should hold. */
Test(small, a_map_that_has_its_part_folded)
{
	struct fl_pipeline *pl;

	make_file(100000);
	first.full = 3000;
	first.flushes = 1;
	pl = make_pipeline();
	cr_assert(run(pl, NULL) == 0);
	cr_assert(first.len == 100000 && memcmp(first.bytes, text, first.len) == 0);
	first.stop_at = 5000;
	cr_assert(run(pl, NULL) == 0);
	cr_assert(first.len == 6000 && second.len == 100000 && first.finished == 2);
	fl_pipeline_free(pl);
	unlink(path);
}

Test(small, errors)
{
	struct fl_error err;
	struct fl_pipeline *pl;

	make_file(5000);
	pl = make_pipeline();
	second.map_fails = -EBADMSG;
	cr_assert(run(pl, &err) == -EBADMSG && err.code == -EBADMSG);
	cr_assert(first.finished == 0 && second.inits == second.dones);
	second.map_fails = 0;
	second.stuck = 1;
	cr_assert(run(pl, &err) == -EINVAL);
	second.stuck = 0;
	cr_assert(run(pl, &err) == 0 && second.len == 5000);
	fl_pipeline_cancel(pl);
	cr_assert(run(pl, &err) == -FL_ECANCELED);
	fl_pipeline_free(pl);
	unlink(path);
}

Test(small, a_file_that_is_cut_or_replaced)
{
	struct fl_pipeline *pl;
	struct fl_source *src = NULL;
	struct fl_error err;
	FILE *other;

	make_file(5000);
	pl = make_pipeline();
	cr_assert(fl_source_open(path, &src, NULL) == 0 && truncate(path, 4000) == 0);
	cr_assert(fl_pipeline_run(pl, src, &err) == -FL_ETRUNCATED && first.finished == 0);
	fl_source_close(src);
	cr_assert(fl_source_open(path, &src, NULL) == 0 && unlink(path) == 0);
	other = fopen(path, "w");
	cr_assert(fl_pipeline_run(pl, src, &err) == -FL_ECHANGED && first.finished == 0);
	fl_source_close(src);
	fclose(other);
	fl_pipeline_free(pl);
	unlink(path);
}

/* Appends all but the last byte, which it cannot stand. */
static int almost_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		      struct fl_error *reterr)
{
	(void)op;
	(void)scratch;
	(void)reterr;
	cr_assert(fl_part_append(part, in->data, in->len - 1) == 0);
	return -EDOM;
}

static int some_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	(void)reterr;
	((struct copy *)op)->len += part->len;
	return 0;
}

Test(small, what_was_found_before_an_error_may_count)
{
	static struct fl_operator until = {.size = sizeof(until),
					   .name = "until",
					   .flags = FL_OP_UNTIL_ERROR,
					   .map = almost_map,
					   .fold = some_fold,
					   .finish = copy_finish};
	struct fl_failure failure = {.size = sizeof(failure)};
	struct fl_pipeline *pl = NULL;

	make_file(1000);
	cr_assert(fl_pipeline_new(NULL, &pl, NULL) == 0);
	cr_assert(fl_pipeline_add(pl, &until, &first) == 0);
	cr_assert(fl_pipeline_add(pl, &copy_ops, &second) == 0);
	cr_assert(run(pl, NULL) == -EDOM);
	cr_assert(first.len == 999 && first.finished == 1);
	cr_assert(second.finished == 0, "only operators that want it are finished");
	cr_assert(fl_pipeline_failure(pl, &failure) == 0);
	cr_assert_str_eq(failure.name, "until");
	cr_assert(failure.segment == 0 && failure.op == 0 && failure.off == 0);
	fl_pipeline_free(pl);
	unlink(path);
}
