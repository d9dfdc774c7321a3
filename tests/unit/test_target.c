/* SPDX-License-Identifier: MIT */
/* Pages that are clean may be taken away at any time: only what a preparation says about itself is
 * exact. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <faultline/cache.h>

#include "bench/bench_impl.h"
#include "plat/file.h"

#define BYTES (((uint64_t)8 << 20) + 100)

static int fd = -1;

static void make(struct fl_target *t, const char *dir)
{
	struct fl_error err;

	fd = fl_file_temp_in(dir);
	cr_assert(fd >= 0);
	cr_assert_eq(fl_sample_write(fd, BYTES, 1), 0);
	*t = (struct fl_target){.bytes = BYTES};
	cr_assert_eq(fl_source_open_fd(fd, "(target)", &t->src, &err), 0);
}

static void drop(struct fl_target *t)
{
	fl_source_close(t->src);
	close(fd);
}

static unsigned percent(const struct fl_target *t)
{
	struct fl_cache_status st = {.size = sizeof(st)};

	cr_assert_eq(fl_cache_status(t->src, 0, t->bytes, 0, &st), 0);
	return (unsigned)(st.resident * 100 / st.pages);
}

/* Return: was it brought about? */
static int prepare(struct fl_target *t, enum fl_bench_cache cache)
{
	struct fl_error err = {.text = ""};
	int r = fl_target_prepare(t, cache, &err);

	cr_assert(r == 0 || (r == -FL_EUNSUPPORTED && err.text[0] != '\0'), "%d %s", r, err.text);
	cr_assert_eq(t->prepared, r == 0);
	return r == 0;
}

Test(target, states_follow_one_another)
{
	static const enum fl_bench_cache states[] = {FL_BENCH_COLD, FL_BENCH_WARM,
						     FL_BENCH_COLD, FL_BENCH_WARM_SMALL,
						     FL_BENCH_WARM, FL_BENCH_LIMITED};
	struct fl_target t;

	make(&t, NULL);
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		int warm = states[i] == FL_BENCH_WARM || states[i] == FL_BENCH_WARM_SMALL;

		if (!prepare(&t, states[i]))
			continue;
		cr_assert_eq(t.cache, states[i]);
		cr_assert(warm ? percent(&t) >= 50 : percent(&t) <= 1, "%zu: %u", i, percent(&t));
	}
	drop(&t);
}

/* Only the first bytes of a file: the rest is none of its business. */
Test(target, a_part_of_the_file_is_prepared)
{
	struct fl_target t;

	make(&t, NULL);
	t.bytes = BYTES / 2;
	if (prepare(&t, FL_BENCH_COLD) && prepare(&t, FL_BENCH_WARM))
		cr_assert(percent(&t) >= 50);
	drop(&t);
}

/* A folio that reaches beyond what is measured goes as a whole. */
Test(target, a_part_that_ends_inside_of_a_folio_becomes_cold)
{
	struct fl_target t;

	int cold = 0;

	make(&t, NULL);
	if (prepare(&t, FL_BENCH_COLD) && prepare(&t, FL_BENCH_WARM)) {
		t.bytes = (1 << 20) - 5;
		/* Once is enough: a page may be in somebody's hands just now. */
		for (int i = 0; i < 5 && !cold; i++)
			cold = prepare(&t, FL_BENCH_COLD);
		cr_assert(cold);
	}
	drop(&t);
}

Test(target, pages_that_stay_are_no_cold_file)
{
	struct fl_error err = {.text = ""};
	struct fl_target t;
	void *p;

	make(&t, NULL);
	p = mmap(NULL, BYTES, PROT_READ, MAP_SHARED, fd, 0);
	cr_assert_neq(p, MAP_FAILED);
	/* Locked memory may be limited, and is none at all under AddressSanitizer. */
	if (mlock(p, BYTES) == 0 && percent(&t) == 100) {
		int r = fl_target_prepare(&t, FL_BENCH_COLD, &err);

		if (r < 0) {
			cr_assert_eq(r, -FL_EUNSUPPORTED);
			cr_assert(strstr(err.text, "stay in the page cache") ||
					  strstr(err.text, "is memory"),
				  "%s", err.text);
			cr_assert(!t.prepared);
		} else {
			cr_assert(percent(&t) <= 1, "what it says is so");
		}
	}
	munmap(p, BYTES);
	drop(&t);
}

Test(target, a_file_that_is_memory_is_always_warm)
{
	struct fl_error err = {.text = ""};
	struct fl_target t = {.src = NULL};

	if (access("/dev/shm", W_OK) != 0)
		return;
	make(&t, "/dev/shm");
	if (fl_target_prepare(&t, FL_BENCH_COLD, &err) < 0) {
		cr_assert(strstr(err.text, "is memory"), "%s", err.text);
		cr_assert_eq(fl_target_prepare(&t, FL_BENCH_WARM_SMALL, &err), -FL_EUNSUPPORTED);
		cr_assert_eq(fl_target_prepare(&t, FL_BENCH_WARM, &err), 0, "%s", err.text);
	}
	drop(&t);
}
