/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/batch.h>

#include "cli/bench_options.h"

#define PARSE(opt, ...)                                                                            \
	do {                                                                                       \
		const char *const words_[] = {"faultline bench", __VA_ARGS__};                     \
		parse(sizeof(words_) / sizeof(*words_), words_, opt);                              \
	} while (0)

/* argp moves the words about, and options point into them. */
static void parse(size_t n, const char *const *words, struct bench_options *opt)
{
	static char text[32][64], *argv[32];

	cr_assert(n < 32);
	for (size_t i = 0; i < n; i++) {
		cr_assert(strlen(words[i]) < sizeof(text[i]));
		argv[i] = strcpy(text[i], words[i]);
	}
	argv[n] = NULL;
	bench_options_parse((int)n, argv, opt);
}

Test(bench_options, what_nobody_asked_for_has_its_default)
{
	struct bench_options opt;

	PARSE(&opt, "file");
	cr_assert_eq(opt.io.n, 0u, "the operation decides");
	cr_assert(opt.op.n == 1 && opt.op.v[0] == FL_BENCH_SUM);
	cr_assert(opt.cache.n == 2 && opt.cache.v[0] == FL_BENCH_WARM &&
		  opt.cache.v[1] == FL_BENCH_COLD);
	cr_assert(opt.advise.n == 1 && opt.advise.v[0] == FL_ADVISE_NORMAL);
	cr_assert(opt.threads.n == 1 && opt.threads.v[0] == fl_batch_threads(0));
	cr_assert(opt.window.n == 1 && opt.window.v[0] == 0);
	cr_assert(opt.runs == 24 && opt.warmup == 1);
	cr_assert(opt.duration > 119 && opt.duration < 121);
	cr_assert_str_eq(opt.sample.file, "file");
	cr_assert_eq(opt.sample.size, sizeof(opt.sample));
	free(opt.command);
}

Test(bench_options, all_of_them)
{
	struct bench_options opt;

	PARSE(&opt, "--runs=7", "--warmup=0", "--seed=18446744073709551615", "--duration=1.5",
	      "--size=3M", "--limit=64M", "--literal=x y", "--dir=/tmp", "--export-json=j",
	      "--export-csv=c", "--export-markdown=m", "--report=r", "--compare=b",
	      "--threshold=25", "-q");
	cr_assert(opt.runs == 7 && opt.warmup == 0 && opt.quiet && !opt.facts);
	cr_assert_eq(opt.sample.seed, UINT64_MAX);
	cr_assert(opt.duration > 1.49 && opt.duration < 1.51);
	cr_assert(opt.sample.bytes == 3u << 20 && opt.sample.limit_bytes == 64u << 20);
	cr_assert_str_eq(opt.sample.literal, "x y");
	cr_assert_str_eq(opt.sample.dir, "/tmp");
	cr_assert_null(opt.sample.file);
	cr_assert(!strcmp(opt.json, "j") && !strcmp(opt.csv, "c") && !strcmp(opt.markdown, "m") &&
		  !strcmp(opt.report, "r") && !strcmp(opt.compare, "b"));
	cr_assert(opt.threshold > 0.249 && opt.threshold < 0.251);
	free(opt.command);
	PARSE(&opt, "--dir=/tmp", "facts");
	cr_assert(opt.facts && opt.sample.file == NULL);
	free(opt.command);
}

/* A report says how to do it again: what it says is pasted into a shell. */
Test(bench_options, the_command_line_is_one_for_a_shell)
{
	struct bench_options opt;

	PARSE(&opt, "--io=mmap->mmap", "--size=1M", "my log; rm -rf x");
	cr_assert_str_eq(opt.command,
			 "faultline bench '--io=mmap->mmap' --size=1M 'my log; rm -rf x'");
	free(opt.command);
}

Test(bench_options, a_method_named_twice_is_measured_twice_and_nothing_else_is)
{
	struct bench_options opt;

	PARSE(&opt, "--io=pread,pread", "--io=pread", "--op=hash,hash", "--cache=warm,warm",
	      "--window-size=1M,1024K");
	cr_assert(opt.io.n == 3 && opt.io.v[2] == FL_BENCH_PREAD);
	cr_assert(opt.op.n == 1 && opt.cache.n == 1 && opt.window.n == 1);
	free(opt.command);
}

/* 0 are all processors, which is a number like others. */
Test(bench_options, the_same_number_of_threads_is_measured_once)
{
	struct bench_options opt;
	char both[32];

	snprintf(both, sizeof(both), "-j0,%u", fl_batch_threads(0));
	PARSE(&opt, both);
	cr_assert(opt.threads.n == 1 && opt.threads.v[0] == fl_batch_threads(0));
	free(opt.command);
}
