/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <faultline/count.h>

#include "cli/count_options.h"
#include "cli/job.h"
#include "cli/json_doc.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

/* Columns of wc when the size of an input is not known beforehand (coreutils 9.1). */
#define WIDTH_UNKNOWN 7

struct count_run {
	struct job job;
	unsigned what;
	int width;
	struct fl_count_result total;
	json_t *doc;
};

static int digits(uint64_t value)
{
	int n = 1;

	for (; value >= 10; value /= 10)
		n++;
	return n;
}

/* Columns are as wide as the sum of all sizes, so that the total fits; missing files count 0. */
static int sum_width(struct inputs *in)
{
	uint64_t sum = 0;
	int width, minimum = 1;
	const char *name;
	struct stat st;

	while (inputs_next(in, &name) > 0) {
		/* The link leads to what is open as standard input, pipes included. */
		if (stat(input_is_stdin(name) ? "/proc/self/fd/0" : name, &st) < 0)
			continue;
		if (S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_size;
		else
			minimum = WIDTH_UNKNOWN;
	}
	width = digits(sum);
	return width > minimum ? width : minimum;
}

static int number_width(struct job *job, unsigned what)
{
	int one_column = (what & (what - 1)) == 0;
	int width;

	if (one_column && !inputs_may_be_several(&job->inputs))
		return 1;
	if (!inputs_rewind(&job->inputs))
		return 1;
	width = sum_width(&job->inputs);
	if (one_column && job->inputs.count == 1)
		width = 1;
	inputs_rewind(&job->inputs);
	return width;
}

static void report_file(struct count_run *run, const char *name, const struct fl_count_result *row)
{
	run->total.lines += row->lines;
	run->total.words += row->words;
	run->total.bytes += row->bytes;
	if (run->doc != NULL)
		count_row_set(run->what, row, json_doc_add_file(run->doc, name));
	else
		count_row_print(run->what, run->width, row,
				inputs_are_implied(&run->job.inputs) ? NULL : name);
	outbuf_flush_lines();
}

static void report_total(struct count_run *run)
{
	if (run->doc != NULL) {
		json_t *total = json_object();

		json_doc_set(run->doc, "total", total);
		count_row_set(run->what, &run->total, total);
		if (run->job.common->stats)
			json_doc_add_stats(run->doc, &run->job.stats);
		json_doc_print(run->doc);
	} else if (run->job.inputs.count > 1) {
		count_row_print(run->what, run->width, &run->total, "total");
	}
}

/* In a range, lines and words are those of the records that start in it, bytes exactly its own. */
struct counters {
	struct fl_count *text;
	struct fl_count *bytes;
};

static void result_of(const struct counters *c, struct fl_count_result *row)
{
	struct fl_count_result bytes = {0};

	if (c->text != NULL)
		fl_count_result(c->text, row);
	if (c->bytes != NULL) {
		fl_count_result(c->bytes, &bytes);
		row->bytes = bytes.bytes;
	}
}

static struct fl_count *add_counter(struct job *job, unsigned what)
{
	struct fl_count *count = NULL;
	int rc = fl_count_new(what, &count);

	if (rc < 0) {
		message_error("%s", fl_strerror(rc));
		exit(EXIT_TROUBLE);
	}
	job_add(job, fl_count_operator(count), count);
	return count;
}

static struct counters add_counters(struct count_run *run, const struct fl_options *opt)
{
	unsigned text = run->what & (FL_COUNT_LINES | FL_COUNT_WORDS);
	int ranged = opt->range_off != 0 || opt->range_len != FL_SIZE_UNKNOWN;
	struct counters c = {0};

	if (!ranged) {
		c.text = add_counter(&run->job, run->what);
		return c;
	}
	if (text != 0)
		c.text = add_counter(&run->job, text | FL_COUNT_RECORDS);
	if (run->what & FL_COUNT_BYTES)
		c.bytes = add_counter(&run->job, FL_COUNT_BYTES);
	return c;
}

static void count_files(struct count_run *run, const struct counters *count)
{
	struct fl_count_result row;
	const char *name;
	int rc;

	while (job_next(&run->job, &name)) {
		memset(&row, 0, sizeof(row));
		rc = job_run(&run->job, name);
		if (rc == 0)
			result_of(count, &row);
		/* wc can open a directory: it complains, and prints zeros. */
		if (rc == 0 || (rc == -EISDIR && run->doc == NULL))
			report_file(run, name, &row);
	}
}

int cmd_count(int argc, char **argv)
{
	struct count_options opt;
	struct count_run run = {0};
	struct counters count;
	int rc;

	count_options_parse(&opt, argc, argv);
	run.what = opt.what;
	job_begin(&run.job, &opt.common);
	count = add_counters(&run, &opt.common.run);
	run.doc = opt.common.json ? json_doc_new("faultline-count/1") : NULL;
	run.width = number_width(&run.job, run.what);
	count_files(&run, &count);
	if (!job_interrupted())
		report_total(&run);
	rc = job_end(&run.job, NULL, opt.common.json);
	fl_count_free(count.text);
	fl_count_free(count.bytes);
	return rc;
}
