/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/sync_ahead.h"

#include "../support/guardbuf.h"
#include "../support/scale.h"

#define BLOCK 4096

static int syncs, fails_from;

static int count_sync(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return fails_from > 0 && ++syncs >= fails_from ? -EIO : 0;
}

static const struct fl_durable_ops counting = {.sync = count_sync};

Test(sync_ahead, other_calls_are_made_when_somebody_waits)
{
	struct fl_durable d = {.ops = &counting};
	struct fl_sync_ahead *a;

	cr_assert(fl_sync_ahead_start(&d, -1, &a) == 0);
	for (uint64_t n = 1; n <= 3; n++)
		cr_assert(fl_sync_ahead_wrote(a, 0) == n);
	cr_assert(!fl_sync_ahead_has(a, 1) && d.syncs == 0);
	cr_assert_eq(fl_sync_ahead_left(a), 3);
	cr_assert(fl_sync_ahead_wait(a, 2) == 0);
	/* All that is written is durable then. */
	cr_assert(fl_sync_ahead_has(a, 3) && d.syncs == 1);
	cr_assert(fl_sync_ahead_wait(a, 3) == 0 && d.syncs == 1);
	cr_assert(!fl_sync_ahead_has(a, 4));
	cr_assert_eq(fl_sync_ahead_left(a), 0);
	fl_sync_ahead_stop(a);
	fl_sync_ahead_stop(NULL);
}

/* The kernel tells of it once: no later sync may say that all is well. */
Test(sync_ahead, an_error_is_final)
{
	struct fl_durable d = {.ops = &counting};
	struct fl_sync_ahead *a;

	syncs = 0;
	fails_from = 2;
	cr_assert(fl_sync_ahead_start(&d, -1, &a) == 0);
	fl_sync_ahead_wrote(a, 0);
	cr_assert(fl_sync_ahead_wait(a, 1) == 0);
	fl_sync_ahead_wrote(a, 0);
	cr_assert(fl_sync_ahead_wait(a, 2) == -EIO);
	fails_from = 100;
	cr_assert(fl_sync_ahead_wait(a, 2) == -EIO && !fl_sync_ahead_has(a, 2) && d.syncs == 2);
	cr_assert(fl_sync_ahead_wait(a, 1) == 0);
	fl_sync_ahead_stop(a);
}

/* What has left the cache is there all the same. */
static void check_blocks(int fd, int count)
{
	char block[BLOCK];

	for (int k = 0; k < count; k++) {
		cr_assert(pread(fd, block, sizeof(block), k * BLOCK) == BLOCK);
		for (size_t i = 0; i < sizeof(block); i++)
			cr_assert(block[i] == 'a' + k);
	}
}

Test(sync_ahead, a_thread_syncs_what_was_written)
{
	char block[BLOCK];

	for (double round = 0; round < 50 * test_scale(); round++) {
		struct fl_durable d = {.ops = &fl_durable_kernel};
		FILE *f = tmpfile();
		struct fl_sync_ahead *a;
		uint64_t last = 0;

		cr_assert(f && fl_sync_ahead_start(&d, fileno(f), &a) == 0);
		for (int k = 0; k < 20; k++) {
			memset(block, 'a' + k, sizeof(block));
			cr_assert(write(fileno(f), block, sizeof(block)) == sizeof(block));
			last = fl_sync_ahead_wrote(a, (uint64_t)(k + 1) * sizeof(block));
			if (k % 7 == 3)
				cr_assert(fl_sync_ahead_wait(a, last - 1) == 0 &&
					  fl_sync_ahead_has(a, last - 1));
		}
		if (round > 3)
			cr_assert(fl_sync_ahead_wait(a, last) == 0 && d.syncs <= last);
		/* Else it is left while it works. */
		fl_sync_ahead_stop(a);
		check_blocks(fileno(f), 20);
		fclose(f);
	}
}

Test(sync_ahead, the_thread_tells_of_an_error)
{
	struct fl_durable d = {.ops = &fl_durable_kernel};
	struct fl_sync_ahead *a;

	cr_assert(fl_sync_ahead_start(&d, -1, &a) == 0);
	cr_assert(fl_sync_ahead_wait(a, fl_sync_ahead_wrote(a, 0)) == -EBADF);
	cr_assert(fl_sync_ahead_wait(a, fl_sync_ahead_wrote(a, 0)) == -EBADF);
	fl_sync_ahead_stop(a);
}
