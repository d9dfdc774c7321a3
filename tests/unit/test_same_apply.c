/* SPDX-License-Identifier: MIT */
/* Changes that keep lengths, stored in blocks and through a map. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/error.h>

#include "../support/drawn.h"

#include "base/size.h"
#include "store/change.h"
#include "store/journal_block.h"
#include "store/same_block.h"
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
	fl_store_job_done(&job);
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

Test(same_apply, many_changes_in_blocks)
{
	cr_assert_eq(fl_same_apply(&job, group, group_len, false, NULL), 0);
	cr_assert_eq(job.stats.by_block, FILE_BYTES / STEP);
	check_file(FILE_BYTES);
}

/* Somebody may write what lies between the changes: no lease, no blocks. */
Test(same_apply, many_changes_through_a_map)
{
	int other = open(path, O_RDONLY | O_CLOEXEC);

	cr_assert_eq(fl_same_apply(&job, group, group_len, false, NULL), 0);
	close(other);
	cr_assert_eq(job.stats.by_map, FILE_BYTES / STEP);
	cr_assert_eq(job.stats.by_block, 0);
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

/* Of all sizes, at and over the edges of blocks, many and few; what the file must hold is in @want. */
static unsigned char *draw_group(unsigned char *want, size_t bytes, size_t *ret_len)
{
	unsigned char *buf = malloc(4 * bytes), *p = buf + FL_RUN_HEAD_BYTES;
	unsigned char *old = malloc(bytes);
	uint64_t base = 0, off = 0;

	memset(want, 'a', bytes);
	memset(old, 'a', bytes);
	while (off < bytes) {
		unsigned most = one_in(50) ? 9000 : 12;
		size_t len = fl_min_size(1 + rnd(most), bytes - off);
		bool fill = one_in(3);
		struct fl_change c = {.off = off,
				      .old_len = len,
				      .new_len = len,
				      .old_bytes = old,
				      .fill = fill,
				      .new_bytes = want + off};

		for (size_t i = 0; i < len; i++)
			want[off + i] = (unsigned char)('A' + (fill ? 7 : rnd(26)));
		p += fl_change_put(p, base, &c);
		base = off + len;
		off = base + 5 + rnd(one_in(20) ? 200000 : 40);
	}
	*ret_len = (size_t)(p - buf);
	fl_put64(buf, 0);
	fl_put64(buf + 8, *ret_len - FL_RUN_HEAD_BYTES);
	free(old);
	return buf;
}

static void check_drawn(const unsigned char *want, size_t bytes)
{
	unsigned char *now = malloc(bytes);

	cr_assert_eq(pread(job.target.fd, now, bytes, 0), (ssize_t)bytes);
	for (size_t i = 0; i < bytes; i++)
		cr_assert(now[i] == want[i], "byte %zu", i);
	free(now);
}

Test(same_apply, drawn_changes_there_and_back)
{
	size_t bytes = 9 * FL_SAME_BLOCK_BYTES + 777, len;
	unsigned char *want = malloc(bytes), *drawn;

	for (unsigned seed = 1; seed <= 20; seed++) {
		rnd_seed(seed);
		memset(want, 'a', bytes);
		cr_assert_eq(pwrite(job.target.fd, want, bytes, 0), (ssize_t)bytes);
		job.target.size_bytes = bytes;
		drawn = draw_group(want, bytes, &len);
		cr_assert_eq(fl_same_apply(&job, drawn, len, false, NULL), 0);
		check_drawn(want, bytes);
		memset(want, 'a', bytes);
		cr_assert_eq(fl_same_apply(&job, drawn, len, true, NULL), 0);
		check_drawn(want, bytes);
		free(drawn);
	}
	cr_assert(job.stats.by_block > 1000);
	cr_assert(job.stats.by_pwrite > 0);
	free(want);
}

/* More changes than a block takes. */
Test(same_apply, a_change_of_every_seventh_byte)
{
	unsigned char *want = malloc(FILE_BYTES), *buf = malloc(4 * FILE_BYTES);
	unsigned char *p = buf + FL_RUN_HEAD_BYTES;
	uint64_t base = 0;

	memset(want, 'a', FILE_BYTES);
	for (uint64_t off = 0; off < FILE_BYTES; off += 7) {
		struct fl_change c = {.off = off,
				      .old_len = 1,
				      .new_len = 1,
				      .old_bytes = (const unsigned char *)"a",
				      .new_bytes = (const unsigned char *)"b"};

		want[off] = 'b';
		p += fl_change_put(p, base, &c);
		base = off + 1;
	}
	fl_put64(buf, 0);
	fl_put64(buf + 8, (uint64_t)(p - buf) - FL_RUN_HEAD_BYTES);
	cr_assert_eq(fl_same_apply(&job, buf, (size_t)(p - buf), false, NULL), 0);
	cr_assert(job.stats.by_block > FL_SAME_BLOCK_CHANGES);
	check_drawn(want, FILE_BYTES);
	free(buf);
	free(want);
}

/* Stopped between the read and the write, for so long that somebody else could write. */
Test(same_apply, a_lease_that_is_lost_before_the_write)
{
	struct fl_same_block *b = fl_same_block_open(&job, 0);
	unsigned char now[4];
	int other;

	cr_assert_not_null(b);
	memcpy(b->bytes + 100, "XY", 2);
	cr_assert(fl_same_block_change(b, 100, 2));
	cr_assert_eq(fl_target_lease(&job.target, false), 0);
	other = open(path, O_WRONLY | O_CLOEXEC);
	cr_assert_eq(pwrite(other, "Z", 1, 103), 1);
	cr_assert_eq(fl_same_block_close(b, &job, NULL), 0);
	cr_assert_eq(pread(job.target.fd, now, 4, 100), 4);
	cr_assert_arr_eq(now, "XYaZ", 4);
	/* Nor are blocks used any more, until the group is done. */
	close(other);
	cr_assert_null(fl_same_block_open(&job, 0));
	fl_same_block_leave(&job);
	cr_assert_not_null(fl_same_block_open(&job, 0));
	fl_same_block_leave(&job);
}

/* Who opens the file gets it soon, and nothing is lost. */
Test(same_apply, others_get_the_file)
{
	cr_assert_not_null(fl_same_block_open(&job, 0));
	cr_assert_eq(open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
	cr_assert_eq(errno, EWOULDBLOCK);
	/* Somebody waits now. */
	cr_assert_null(fl_same_block_open(&job, 0));
	cr_assert(open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC) >= 0);
	fl_same_block_leave(&job);
}
