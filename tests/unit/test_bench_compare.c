/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench_export.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

/* A document of one cell, each of its runs @seconds and a little. */
static unsigned runs = 12;

static json_t *document(const char *io, double seconds, int bytes)
{
	json_t *samples = json_array();

	for (unsigned i = 0; i < runs; i++)
		json_array_append_new(samples, json_real(seconds * (1 + i / 1e4)));
	return json_pack("{s:s, s:[{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:o}]}", "schema",
			 "faultline-bench/1", "results", "op", "sum", "cache", "warm", "io", io,
			 "advise", "normal", "threads", 2, "window_size", 0, "bytes", bytes,
			 "samples", samples);
}

/* The exit status of a comparison with that base, and what was printed, which is freed. */
static int compared(json_t *now, json_t *base, double threshold, const char *said)
{
	char path[] = "/tmp/faultline-compare.XXXXXX", *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	json_t *loaded;
	int status = EXIT_TROUBLE;

	close(mkstemp(path));
	cr_assert_eq(json_dump_file(base, path, 0), 0);
	outbuf_capture(out);
	loaded = bench_base_load(path);
	if (loaded != NULL)
		status = bench_compare(now, loaded, path, threshold);
	json_decref(loaded);
	outbuf_capture(NULL);
	fclose(out);
	cr_assert(strstr(text, said), "'%s' has no '%s'", text, said);
	free(text);
	unlink(path);
	json_decref(now);
	json_decref(base);
	return status;
}

Test(bench_compare, slower_by_more_than_the_threshold_is_a_regression)
{
	cr_assert_eq(compared(document("pread", 1.2, 1000), document("pread", 1, 1000), 0.1,
			      "sum warm pread -j2: 1.20 times the base's time (1.20 - 1.20): "
			      "REGRESSION\n"),
		     1);
	cr_assert_eq(compared(document("pread", 1.2, 1000), document("pread", 1, 1000), 0.3,
			      "(1.20 - 1.20)\n"),
		     0);
	cr_assert_eq(compared(document("pread", 1, 1000), document("pread", 1.2, 1000), 0.1,
			      "0.83 times"),
		     0);
}

/* One run each, or four: that is no proof, however much slower. */
Test(bench_compare, few_runs_are_no_regression)
{
	for (runs = 1; runs <= 5; runs++)
		cr_assert_eq(compared(document("pread", 2, 1000), document("pread", 1, 1000), 0.1,
				      runs < 5 ? "2.00 times the base's time (too few runs)\n"
					       : "(2.00 - 2.00): REGRESSION\n"),
			     runs == 5, "%u", runs);
}

/* Seconds by byte: a file of another size is no regression. */
Test(bench_compare, files_may_differ_in_size)
{
	cr_assert_eq(
		compared(document("pread", 2, 2000), document("pread", 1, 1000), 0.1, "1.00 times"),
		0);
	cr_assert_eq(
		compared(document("pread", 2, 1000), document("pread", 2, 2000), 0.1, "2.00 times"),
		1);
}

static json_t *measured_on(json_t *doc, const char *cpu, const char *device)
{
	json_object_set_new(doc, "environment",
			    json_pack("{s:s, s:s}", "cpu", cpu, "device", device));
	return doc;
}

Test(bench_compare, a_base_of_another_machine_is_told)
{
	cr_assert_eq(compared(measured_on(document("pread", 1, 1000), "new", "/dev/vda"),
			      measured_on(document("pread", 1, 1000), "old", "/dev/vda"), 0.1,
			      "The base has another cpu: old.\nsum warm pread"),
		     0);
	/* Nothing is told of what is the same. */
	cr_assert_eq(compared(measured_on(document("pread", 1, 1000), "old", "/dev/vda"),
			      measured_on(document("pread", 1, 1000), "old", "/dev/sda"), 0.1,
			      "The base has another device: /dev/sda.\nsum warm pread"),
		     0);
}

Test(bench_compare, a_base_that_is_of_no_use_is_trouble)
{
	json_t *rubbish = document("pread", 1, 1000);
	json_t *cell = json_array_get(json_object_get(rubbish, "results"), 0);

	cr_assert_eq(compared(document("pread", 1, 1000), document("fread", 1, 1000), 0.1, ""),
		     EXIT_TROUBLE);
	cr_assert_eq(compared(document("pread", 1, 1000), json_pack("{s:s}", "schema", "other"),
			      0.1, ""),
		     EXIT_TROUBLE);
	/* A sample that no run can have taken. */
	json_array_set_new(json_object_get(cell, "samples"), 3, json_integer(0));
	cr_assert_eq(compared(document("pread", 1, 1000), rubbish, 0.1, ""), EXIT_TROUBLE);
	cr_assert_null(bench_base_load("/nonexistent/base.json"));
}
