/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "ops/transform/inplace_kept.h"
#include "store/change.h"
#include "store/journal_block.h"
#include "store/same_store.h"

static const unsigned char bytes[] = "0123456789";

/* Is the batch one run of @len bytes, based on @base? */
static bool is_run(const struct fl_kept *k, size_t batch, uint64_t base, size_t len)
{
	struct fl_change_reader reader;
	const unsigned char *p;
	size_t n;

	return fl_kept_get(k, batch, &p, &n) && fl_same_next_run(&p, &n, &reader) == 1 && n == 0 &&
	       reader.base == base && (size_t)(reader.end - reader.p) == len &&
	       memcmp(reader.p, bytes, len) == 0;
}

Test(inplace_kept, batch_by_batch)
{
	struct fl_kept k = {.limit = 1000};
	const unsigned char *p;
	size_t n = 1;

	cr_assert(!fl_kept_get(&k, 0, &p, &n));
	cr_assert_eq(fl_kept_add(&k, 0, 5, bytes, 3), 0);
	cr_assert_eq(fl_kept_add(&k, 2, 60, bytes, 0), 0);
	cr_assert_eq(fl_kept_add(&k, 3, 70, bytes, 10), 0);
	cr_assert(is_run(&k, 0, 5, 3));
	cr_assert(is_run(&k, 3, 70, 10));
	for (size_t b = 1; b <= 2; b++) {
		cr_assert(fl_kept_get(&k, b, &p, &n));
		cr_assert_eq(n, 0u);
	}
	cr_assert(!fl_kept_get(&k, 4, &p, &n));
	fl_kept_clear(&k);
	cr_assert(!fl_kept_get(&k, 0, &p, &n));
	cr_assert_eq(fl_kept_add(&k, 0, 9, bytes, 4), 0);
	cr_assert(is_run(&k, 0, 9, 4));
	fl_kept_done(&k);
}

Test(inplace_kept, another_run_in_the_place_of_one)
{
	struct fl_kept k = {.limit = SIZE_MAX};
	struct fl_change_reader reader;
	const unsigned char *p;
	size_t n;

	cr_assert_eq(fl_kept_add(&k, 0, 5, bytes, 3), 0);
	cr_assert_eq(fl_kept_add(&k, 0, 9, bytes, 4), 0);
	cr_assert_eq(fl_kept_replace(&k, 0, 3, 5, bytes, 10), 0);
	cr_assert_eq(fl_kept_replace(&k, k.len, 0, 70, bytes, 2), 0);
	cr_assert_eq(fl_kept_replace(&k, FL_RUN_HEAD_BYTES + 10, 4, 9, bytes, 1), 0);
	cr_assert(fl_kept_get(&k, 0, &p, &n));
	for (size_t i = 0; i < 3; i++) {
		static const size_t lens[] = {10, 1, 2};
		static const uint64_t bases[] = {5, 9, 70};

		cr_assert_eq(fl_same_next_run(&p, &n, &reader), 1);
		cr_assert_eq(reader.base, bases[i]);
		cr_assert((size_t)(reader.end - reader.p) == lens[i]);
		cr_assert(memcmp(reader.p, bytes, lens[i]) == 0);
	}
	cr_assert_eq(n, 0u);
	fl_kept_done(&k);
}

/* A batch of which a part would be missing is not kept, nor is one behind it. */
Test(inplace_kept, whole_batches_within_the_limit)
{
	struct fl_kept k = {.limit = 4 * (FL_RUN_HEAD_BYTES + 10)};
	const unsigned char *p;
	size_t n;

	for (size_t i = 0; i < 6; i++) {
		cr_assert_eq(fl_kept_add(&k, i / 3, i, bytes, 10), 0);
		cr_assert(k.cap <= k.limit);
	}
	cr_assert(k.is_full);
	cr_assert(fl_kept_get(&k, 0, &p, &n));
	cr_assert_eq(n, 3 * (FL_RUN_HEAD_BYTES + 10));
	cr_assert(!fl_kept_get(&k, 1, &p, &n));
	cr_assert_eq(fl_kept_add(&k, 2, 7, bytes, 0), 0);
	cr_assert(!fl_kept_get(&k, 2, &p, &n));
	fl_kept_done(&k);
}
