/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>
#include <unistd.h>

#include "plat/file.h"
#include "store/write_behind.h"

#include "../support/scale.h"

#define STEP 5000

Test(write_behind, not_where_nothing_is_begun)
{
	static const struct fl_durable_ops simulated;
	struct fl_durable d = {.ops = &simulated};

	cr_assert(!fl_write_behind_new(&d, 0));
	d = (struct fl_durable){.ops = &fl_durable_kernel, .never_syncs = true};
	cr_assert(!fl_write_behind_new(&d, 0));
	fl_write_behind_free(NULL);
}

/* Stores go on while the thread is at work, and it may be left at any moment. */
Test(write_behind, stores_go_on)
{
	struct fl_durable d = {.ops = &fl_durable_kernel};
	char text[STEP], seen[STEP];

	for (double round = 0; round < 30 * test_scale(); round++) {
		int fd = fl_file_temp(), steps = (int)round * 3;
		struct fl_write_behind *w = fl_write_behind_new(&d, fd);

		cr_assert(fd >= 0 && w);
		for (int k = 0; k < steps; k++) {
			memset(text, k, sizeof(text));
			cr_assert_eq(fl_fd_pwrite(fd, text, STEP, (uint64_t)k * STEP), 0);
			fl_write_behind_add(w, (uint64_t)k * STEP, STEP);
		}
		fl_write_behind_free(w);
		for (int k = 0; k < steps; k++) {
			memset(text, k, sizeof(text));
			cr_assert(pread(fd, seen, STEP, (off_t)k * STEP) == STEP);
			cr_assert(memcmp(seen, text, STEP) == 0, "step %d of %d", k, steps);
		}
		close(fd);
	}
}
