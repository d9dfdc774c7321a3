/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "bench/bench_impl.h"
#include "bench/rng.h"
#include "bench/sums.h"
#include "plat/file.h"

#define BYTES (((uint64_t)2 << 20) + 100)
#define SEED 11

static int fd = -1;

static struct fl_target target(uint64_t bytes)
{
	struct fl_target t = {.bytes = bytes};

	fd = fl_file_temp_in(NULL);
	cr_assert(fd >= 0);
	cr_assert_eq(fl_sample_write(fd, bytes, 3), 0);
	cr_assert_eq(fl_source_open_fd(fd, "(places)", &t.src, NULL), 0);
	return t;
}

static void drop(struct fl_target *t)
{
	fl_source_close(t->src);
	fl_fd_close(fd);
}

/* The places of the documentation: SplitMix64 of seed and number, whole pages only. */
static uint64_t naive(void)
{
	unsigned char page[FL_RANDOM_BYTES];
	uint64_t sum = 0;
	size_t got;

	for (unsigned i = 0; i < FL_RANDOM_READS; i++) {
		uint64_t state = SEED + i, place = fl_rng_below(&state, BYTES / FL_RANDOM_BYTES);

		cr_assert_eq(fl_file_pread(fd, page, sizeof(page), place * FL_RANDOM_BYTES, &got),
			     0);
		sum += fl_sum_words(page, got);
	}
	return sum;
}

static uint64_t counted(const struct fl_histogram *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < FL_HISTOGRAM_BUCKETS; i++)
		n += h->count[i];
	return n;
}

Test(random_reads, whatever_the_method_and_the_threads_the_same_places)
{
	static const enum fl_bench_method methods[] = {FL_BENCH_READ,  FL_BENCH_PREAD,
						       FL_BENCH_MMAP,  FL_BENCH_DIRECT,
						       FL_BENCH_URING, FL_BENCH_URING_DIRECT};
	struct fl_target t = target(BYTES);
	struct fl_random *job = malloc(sizeof(*job));
	struct fl_error err;
	uint64_t want = naive();
	unsigned done = 0;

	for (unsigned i = 0; i < 2 * sizeof(methods) / sizeof(*methods); i++) {
		*job = (struct fl_random){.target = &t,
					  .method = methods[i / 2],
					  .threads = 1 + i % 2 * 2,
					  .seed = SEED};
		/* One read of a disk after the other takes its time. */
		if (methods[i / 2] == FL_BENCH_DIRECT && job->threads == 1)
			continue;
		/* Not every file system has O_DIRECT, not every kernel io_uring. */
		if (fl_random_run(job, &err) < 0) {
			cr_assert(methods[i / 2] > FL_BENCH_FREAD && err.text[0] != '\0', "%s",
				  fl_bench_method_name(methods[i / 2]));
			continue;
		}
		cr_assert_eq(job->checksum, want, "%s", fl_bench_method_name(methods[i / 2]));
		cr_assert_eq(counted(&job->latency), FL_RANDOM_READS);
		done++;
	}
	cr_assert(done >= 6, "read, pread and mmap can always be had");
	free(job);
	drop(&t);
}

Test(random_reads, a_file_without_a_page_has_no_places)
{
	struct fl_target t = target(FL_RANDOM_BYTES - 1);
	struct fl_random *job = calloc(1, sizeof(*job));
	struct fl_error err;

	job->target = &t;
	job->method = FL_BENCH_PREAD;
	job->threads = 1;
	cr_assert_eq(fl_random_run(job, &err), -FL_EUNSUPPORTED);
	cr_assert(strstr(err.text, "smaller than 4 KiB"), "%s", err.text);
	free(job);
	drop(&t);
}
