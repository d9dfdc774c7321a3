/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include <faultline/bench.h>

Test(bench_names, values_are_numbered_without_gaps)
{
	unsigned n;

	for (n = 0; fl_bench_op_name((enum fl_bench_op)n); n++)
		;
	cr_assert_eq(n, FL_BENCH_RANDOM + 1u);
	for (n = 0; fl_bench_method_name((enum fl_bench_method)n); n++)
		;
	cr_assert_eq(n, FL_BENCH_MMAP_MSYNC + 1u);
	for (n = 0; fl_bench_cache_name((enum fl_bench_cache)n); n++)
		;
	cr_assert_eq(n, FL_BENCH_LIMITED + 1u);
}

Test(bench_names, fios_names_where_it_has_them)
{
	cr_assert_str_eq(fl_bench_method_name(FL_BENCH_PREAD), "pread");
	cr_assert_str_eq(fl_bench_method_name(FL_BENCH_URING_DIRECT), "uring-direct");
	cr_assert_str_eq(fl_bench_method_name(FL_BENCH_MMAP_MMAP), "mmap->mmap");
	cr_assert_str_eq(fl_bench_cache_name(FL_BENCH_WARM_SMALL), "warm-small");
	cr_assert_str_eq(fl_bench_op_name(FL_BENCH_RANDOM), "random");
}

static unsigned methods_of(enum fl_bench_op op)
{
	unsigned n = 0;

	for (unsigned m = 0; fl_bench_method_name((enum fl_bench_method)m); m++)
		n += (unsigned)fl_bench_method_fits((enum fl_bench_method)m, op);
	return n;
}

Test(bench_names, each_method_does_something_and_each_operation_can_be_done)
{
	cr_assert_eq(methods_of(FL_BENCH_SUM), 11u);
	cr_assert_eq(methods_of(FL_BENCH_SCAN), 11u);
	cr_assert_eq(methods_of(FL_BENCH_COPY), 6u);
	cr_assert_eq(methods_of(FL_BENCH_UPDATE), 2u);
	cr_assert_eq(methods_of(FL_BENCH_RANDOM), 6u);
	for (unsigned m = 0; fl_bench_method_name((enum fl_bench_method)m); m++) {
		int ops = 0;

		for (unsigned op = 0; fl_bench_op_name((enum fl_bench_op)op); op++)
			ops += fl_bench_method_fits((enum fl_bench_method)m, (enum fl_bench_op)op);
		cr_assert(ops > 0, "%s", fl_bench_method_name((enum fl_bench_method)m));
	}
	cr_assert_eq(fl_bench_method_fits(FL_BENCH_READ, (enum fl_bench_op)99), 0);
}

/* As the articles count: 4 for read and write, 1 or 2 for what is mapped. */
Test(bench_names, copies_as_they_are_told)
{
	cr_assert_eq(fl_bench_copies_told(FL_BENCH_READ_WRITE, FL_BENCH_COPY), 4u);
	cr_assert_eq(fl_bench_copies_told(FL_BENCH_PREAD, FL_BENCH_SUM), 2u);
	cr_assert_eq(fl_bench_copies_told(FL_BENCH_DIRECT, FL_BENCH_SUM), 1u);
	cr_assert_eq(fl_bench_copies_told(FL_BENCH_WINDOW, FL_BENCH_SUM), 1u);
	cr_assert_eq(fl_bench_copies_told(FL_BENCH_MMAP_MSYNC, FL_BENCH_UPDATE), 2u);
	cr_assert_eq(fl_bench_copies_told(FL_BENCH_SPLICE, FL_BENCH_SUM), 0u);
}
