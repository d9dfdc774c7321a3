/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <faultline/bench.h>

#include "bench/bench_impl.h"
#include "bench/sums.h"
#include "plat/file.h"

#define MIB ((uint64_t)1 << 20)
#define SAMPLE (24 * MIB + 777)

static struct fl_bench *sample(void)
{
	struct fl_bench_options opt = {.size = sizeof(opt), .bytes = SAMPLE, .seed = 3};
	struct fl_bench *b = NULL;
	struct fl_error err;

	cr_assert_eq(fl_bench_new(&opt, &b, &err), 0, "%s", err.text);
	cr_assert_eq(fl_bench_bytes(b), SAMPLE);
	return b;
}

static int run(struct fl_bench *b, enum fl_bench_op op, enum fl_bench_method method,
	       enum fl_bench_cache cache, unsigned threads, struct fl_bench_sample *ret)
{
	struct fl_bench_cell cell = {.size = sizeof(cell),
				     .op = op,
				     .method = method,
				     .cache = cache,
				     .threads = threads};
	struct fl_error err = {.text = ""};
	int r = fl_bench_run(b, &cell, ret, &err);

	cr_assert(r == 0 || r == -FL_EUNSUPPORTED, "%s %s: %s", fl_bench_op_name(op),
		  fl_bench_method_name(method), err.text);
	return r;
}

/* The heart of it: whatever the method, the state and the threads, the same result. */
Test(bench, all_methods_of_an_operation_give_one_checksum)
{
	struct fl_bench *b = sample();
	struct fl_bench_sample s;

	for (unsigned op = 0; fl_bench_op_name((enum fl_bench_op)op); op++) {
		uint64_t checksum = 0;
		unsigned n = 0;

		for (unsigned m = 0; fl_bench_method_name((enum fl_bench_method)m); m++) {
			if (!fl_bench_method_fits((enum fl_bench_method)m, (enum fl_bench_op)op))
				continue;
			if (run(b, (enum fl_bench_op)op, (enum fl_bench_method)m, FL_BENCH_WARM,
				1 + m % 3, &s) < 0)
				continue;
			if (n++ == 0)
				checksum = s.checksum;
			cr_assert_eq(s.checksum, checksum, "%s %s",
				     fl_bench_op_name((enum fl_bench_op)op),
				     fl_bench_method_name((enum fl_bench_method)m));
			cr_assert(s.checksum != 0 && s.ns > 0 && s.bytes > 0);
		}
		cr_assert(n >= 2);
	}
	fl_bench_free(b);
}

Test(bench, checksums_are_those_of_the_bytes)
{
	struct fl_bench *b = sample();
	unsigned char *all = malloc(SAMPLE);
	struct fl_bench_sample s;
	uint64_t touch = 0, lines = 0;
	size_t got, i;

	cr_assert_eq(fl_file_pread(b->sample_fd, all, SAMPLE, 0, &got), 0);
	cr_assert_eq(got, SAMPLE);
	for (i = 0; i < SAMPLE; i += 4096)
		touch += all[i];
	for (unsigned char *p = all; p && p < all + SAMPLE;) {
		unsigned char *end = memchr(p, '\n', (size_t)(all + SAMPLE - p));

		lines += memmem(p, (size_t)((end ? end : all + SAMPLE) - p), "Failed password",
				15) != NULL;
		p = end ? end + 1 : NULL;
	}
	cr_assert(lines > 1000);
	run(b, FL_BENCH_TOUCH, FL_BENCH_FREAD, FL_BENCH_WARM, 2, &s);
	cr_assert_eq(s.checksum, touch);
	run(b, FL_BENCH_SUM, FL_BENCH_READV, FL_BENCH_WARM, 2, &s);
	cr_assert_eq(s.checksum, fl_sum_words(all, SAMPLE));
	run(b, FL_BENCH_SCAN, FL_BENCH_WINDOW, FL_BENCH_WARM, 2, &s);
	cr_assert_eq(s.checksum, lines);
	free(all);
	fl_bench_free(b);
}

Test(bench, what_is_measured_fits_the_method)
{
	struct fl_bench *b = sample();
	struct fl_bench_sample s = {.resident_before = 0};

	/* The kernel may take a clean page back at any time. */
	for (int i = 0; i < 20 && (s.resident_before < 99 || s.resident_after < 99); i++)
		run(b, FL_BENCH_SUM, FL_BENCH_PREAD, FL_BENCH_WARM, 1, &s);
	cr_assert_eq(s.copied_bytes, SAMPLE);
	cr_assert(s.resident_before >= 99 && s.resident_after >= 99);
	cr_assert_eq(s.io_used, FL_IO_READ);
	cr_assert(s.latency_ns[0] > 0 && s.latency_ns[4] >= s.latency_ns[0]);
	for (unsigned i = 1; i < FL_BENCH_STEPS; i++)
		cr_assert(s.step_ns[i] >= s.step_ns[i - 1]);
	cr_assert(s.step_ns[FL_BENCH_STEPS - 1] > 0 && s.step_ns[FL_BENCH_STEPS - 1] <= s.ns);
	run(b, FL_BENCH_SUM, FL_BENCH_MMAP, FL_BENCH_WARM, 1, &s);
	cr_assert_eq(s.copied_bytes, 0u);
	cr_assert_eq(s.io_used, FL_IO_MMAP);
#ifndef FL_TINY_WINDOWS
	cr_assert(s.rss_file_bytes > SAMPLE / 2, "the whole file is mapped");
#endif
	cr_assert(s.page_table_bytes > 0);
	if (run(b, FL_BENCH_SUM, FL_BENCH_PREAD, FL_BENCH_COLD, 1, &s) == 0) {
		cr_assert(s.resident_before <= 1);
		cr_assert(s.storage_read_bytes >= SAMPLE - MIB);
	}
	if (run(b, FL_BENCH_SUM, FL_BENCH_DIRECT, FL_BENCH_COLD, 1, &s) == 0) {
		cr_assert_eq(s.copied_bytes, 0u);
		cr_assert(s.resident_after <= 1, "%u", s.resident_after);
	}
	fl_bench_free(b);
}

/* In small folios a page fault maps 64 KiB: many more faults than in large ones. */
Test(bench, small_folios_cost_faults)
{
	struct fl_bench *b = sample();
	struct fl_bench_sample large, small;

	if (run(b, FL_BENCH_SUM, FL_BENCH_WINDOW, FL_BENCH_WARM, 1, &large) == 0 &&
	    run(b, FL_BENCH_SUM, FL_BENCH_WINDOW, FL_BENCH_WARM_SMALL, 1, &small) == 0)
		cr_assert(small.minor_faults >= 16 * 24 * 9 / 10, "%lu",
			  (unsigned long)small.minor_faults);
	fl_bench_free(b);
}

Test(bench, a_limited_group_is_entered)
{
	struct fl_bench_options opt = {.size = sizeof(opt), .bytes = 80 * MIB};
	struct fl_bench *b = NULL;
	struct fl_bench_sample s;

	cr_assert_eq(fl_bench_new(&opt, &b, NULL), 0);
	if (run(b, FL_BENCH_SUM, FL_BENCH_PREAD, FL_BENCH_LIMITED, 1, &s) == 0)
		cr_assert(s.resident_after < 60, "32 MiB hold no %u %% of 80", s.resident_after);
	fl_bench_free(b);
}

/* 64 threads with their queues take more than 32 MiB: the kernel ends the process. */
Test(bench, who_dies_of_the_limit_is_told_with_it)
{
	struct fl_bench_options opt = {.size = sizeof(opt), .bytes = 80 * MIB};
	struct fl_bench_cell cell = {.size = sizeof(cell),
				     .op = FL_BENCH_HASH,
				     .method = FL_BENCH_URING_DIRECT,
				     .cache = FL_BENCH_LIMITED,
				     .threads = 64};
	struct fl_bench *b = NULL;
	struct fl_bench_sample s;
	struct fl_error err = {.text = ""};

	cr_assert_eq(fl_bench_new(&opt, &b, NULL), 0);
	/* Where no group can be made, or swap helps, there is nothing to be told. */
	if (fl_bench_run(b, &cell, &s, &err) == -FL_ECANCELED)
		cr_assert(
			strstr(err.text, "with 32 MiB of memory: the measuring process was ended"),
			"%s", err.text);
	fl_bench_free(b);
}

Test(bench, a_users_file_is_never_changed)
{
	char path[] = "/var/tmp/faultline-test.XXXXXX";
	struct fl_bench_options opt = {.size = sizeof(opt), .file = path, .bytes = MIB};
	struct fl_bench *b = NULL;
	struct fl_bench_sample s;
	struct stat before, after;
	int fd = mkstemp(path);

	cr_assert_eq(fl_sample_write(fd, 2 * MIB, 1), 0);
	cr_assert_eq(fstat(fd, &before), 0);
	cr_assert_eq(fl_bench_new(&opt, &b, NULL), 0);
	cr_assert_eq(fl_bench_bytes(b), MIB);
	run(b, FL_BENCH_UPDATE, FL_BENCH_MMAP_MSYNC, FL_BENCH_WARM, 1, &s);
	run(b, FL_BENCH_UPDATE, FL_BENCH_PREAD_PWRITE, FL_BENCH_WARM, 1, &s);
	run(b, FL_BENCH_COPY, FL_BENCH_MMAP_MMAP, FL_BENCH_WARM, 1, &s);
	fl_bench_free(b);
	cr_assert_eq(fstat(fd, &after), 0);
	cr_assert(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
		  before.st_mtim.tv_nsec == after.st_mtim.tv_nsec &&
		  before.st_size == after.st_size);
	close(fd);
	unlink(path);
}

Test(bench, bad_input_is_told)
{
	struct fl_bench_options opt = {.size = sizeof(opt), .file = "/nonexistent"};
	struct fl_bench_cell cell = {.size = sizeof(cell), .op = FL_BENCH_COPY, .threads = 1};
	struct fl_bench_sample s;
	struct fl_bench *b = NULL;
	struct fl_error err;

	cr_assert_eq(fl_bench_new(&opt, &b, &err), -ENOENT);
	opt.file = "/dev/null";
	cr_assert_eq(fl_bench_new(&opt, &b, &err), -ESPIPE);
	opt.file = NULL;
	opt.dir = "/nonexistent";
	cr_assert_eq(fl_bench_new(&opt, &b, &err), -ENOENT);
	cr_assert(strstr(err.text, "/nonexistent"), "%s", err.text);
	cr_assert_null(b);
	b = sample();
	cr_assert_eq(fl_bench_run(b, &cell, &s, &err), -EINVAL, "read cannot copy");
	cr_assert_eq(fl_bench_run(b, NULL, &s, &err), -EINVAL);
	fl_bench_free(b);
	fl_bench_free(NULL);
	cr_assert_null(fl_bench_op_name((enum fl_bench_op)99));
	cr_assert_null(fl_bench_method_name((enum fl_bench_method)99));
	cr_assert_eq(fl_bench_method_fits((enum fl_bench_method)99, FL_BENCH_SUM), 0);
	cr_assert_eq(fl_bench_copies_told(FL_BENCH_READ_WRITE, FL_BENCH_COPY), 4u);
}
