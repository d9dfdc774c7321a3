/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include "cli/bench_export.h"

#include "../support/madebench.h"

static struct made t;
static char command[] = "faultline bench 'my file'";

static void make(void)
{
	struct fl_bench_options opt = {.size = sizeof(opt), .bytes = 1 << 20};

	made_init(&t);
	t.opt.command = command;
	t.opt.sample.seed = 3;
	made_add(&t, FL_BENCH_PREAD, 2, 0, 1);
	made_add(&t, FL_BENCH_WINDOW, 2, 0, 2);
	made_add(&t, FL_BENCH_URING, 2, 0, 0);
	made_add(&t, FL_BENCH_AUTO, 2, 0, 1.5);
	made_add(&t, FL_BENCH_PREAD, 1, 1, 1);
	cr_assert_eq(fl_bench_new(&opt, &t.m.bench, NULL), 0);
}

static const json_t *at(const json_t *o, const char *list, size_t i)
{
	return json_array_get(json_object_get(o, list), i);
}

static double real(const json_t *o, const char *key)
{
	cr_assert(json_is_number(json_object_get(o, key)), "%s", key);
	return json_number_value(json_object_get(o, key));
}

static const char *text(const json_t *o, const char *key)
{
	cr_assert(json_is_string(json_object_get(o, key)), "%s", key);
	return json_string_value(json_object_get(o, key));
}

Test(bench_document, a_session)
{
	static const char *const facts[] = {"kernel",
					    "cpu",
					    "filesystem",
					    "device",
					    "readahead_bytes",
					    "transparent_huge_pages",
					    "fault_around_bytes",
					    "memory_bytes",
					    "cgroup"};
	const json_t *environment;
	json_t *doc;

	make();
	doc = bench_document(&t.m);
	cr_assert_str_eq(text(doc, "schema"), "faultline-bench/1");
	cr_assert_str_eq(text(doc, "command"), "faultline bench 'my file'");
	cr_assert_str_eq(text(doc, "file"), "x");
	cr_assert_eq(real(doc, "seed"), 3);
	cr_assert(strstr(text(doc, "noise"), "This machine is "));
	environment = json_object_get(doc, "environment");
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++)
		cr_assert(*text(environment, facts[i]) != '\0');
	cr_assert_eq(json_array_size(json_object_get(doc, "results")), 5u);
	json_decref(doc);
	fl_bench_free(t.m.bench);
}

Test(bench_document, a_cell_and_what_could_not_be_counted)
{
	const json_t *cell;
	json_t *doc;

	make();
	doc = bench_document(&t.m);
	cell = at(doc, "results", 1);
	cr_assert_str_eq(text(cell, "op"), "sum");
	cr_assert_str_eq(text(cell, "cache"), "warm");
	cr_assert_str_eq(text(cell, "io"), "window");
	cr_assert_str_eq(text(cell, "advise"), "normal");
	cr_assert_str_eq(text(cell, "base"), "pread");
	cr_assert_str_eq(text(cell, "verdict"), "slower");
	cr_assert_str_eq(text(cell, "checksum"), "0000000000000abc");
	cr_assert(real(cell, "threads") == 2 && real(cell, "minor_faults") == 16 &&
		  real(cell, "copies_told") == 1);
	cr_assert(real(cell, "ratio") > 1.99 && real(cell, "ratio") < 2.01);
	cr_assert(real(cell, "gb_per_s") > 0.49 && real(cell, "gb_per_s") < 0.51);
	cr_assert(real(cell, "ci_low") <= real(cell, "median") &&
		  real(cell, "median") <= real(cell, "ci_high"));
	cr_assert_eq(json_array_size(json_object_get(cell, "samples")), (size_t)MADE_RUNS);
	cr_assert_eq(json_array_size(json_object_get(cell, "step_seconds")),
		     (size_t)FL_BENCH_STEPS);
	cr_assert_eq(real(json_object_get(cell, "latency_us"), "p99.9"), 4);
	cr_assert(json_is_null(json_object_get(cell, "cycles")) &&
		  json_is_null(json_object_get(cell, "tlb_shootdowns")));
	cell = at(doc, "results", 2);
	cr_assert(strstr(text(cell, "problem"), "the kernel says"));
	cr_assert_null(json_object_get(cell, "samples"));
	json_decref(doc);
	fl_bench_free(t.m.bench);
}

/* Each pair of a group that was measured: three of four cells are three pairs. */
Test(bench_document, every_pair_has_a_verdict)
{
	json_t *doc;

	make();
	doc = bench_document(&t.m);
	cr_assert_eq(json_array_size(json_object_get(doc, "pairs")), 3u);
	cr_assert(real(at(doc, "pairs", 0), "first") == 0 &&
		  real(at(doc, "pairs", 0), "second") == 1);
	cr_assert_str_eq(text(at(doc, "pairs", 0), "verdict"), "faster");
	cr_assert_eq(json_array_size(json_object_get(doc, "auto")), 1u);
	cr_assert_str_eq(text(at(doc, "auto", 0), "best"), "pread");
	json_decref(doc);
	fl_bench_free(t.m.bench);
}
