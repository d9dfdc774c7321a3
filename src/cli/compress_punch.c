/* SPDX-License-Identifier: MIT */
#include "cli/compress_punch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/punch.h>

#include "cli/codec_file.h"
#include "cli/crew.h"
#include "cli/message.h"
#include "cli/progress_bar.h"
#include "cli/stop_signals.h"
#include "cli/verbs.h"

/**
 * struct punch_sum - of all files
 */
struct punch_sum {
	uint64_t in;
	uint64_t out;
	uint64_t freed;
	uint64_t journal;
	uint64_t syncs;
};

static void check_options(const struct codec_options *opt)
{
	const struct fl_options *run = &opt->common.run;

	if (crew_is_there())
		message_usage("--punch is not done by several ranks: use faultline");
	if (opt->test)
		message_usage("--punch and -t exclude each other");
	if (opt->keep)
		message_usage("--punch removes the FILE: it does not go together with -k");
	if (opt->to_stdout)
		message_usage(
			"--punch needs an output that stays: it does not go together with -c");
	if (run->range_off != 0 || run->range_len != FL_SIZE_UNKNOWN)
		message_usage("--punch compresses all of a FILE: it does not go together with a "
			      "range");
	if (opt->output != NULL && (opt->common.file_count > 1 || opt->common.files_from != NULL))
		message_usage("--punch needs an output for each FILE, not one for all");
}

/* The first signal ends the run where recover can go on. */
static void watch(void *arg, struct fl_pipeline *pl)
{
	struct job *job = arg;

	stop_signals_watch(pl != NULL ? pl : job->pl);
}

static void complain(struct job *job, const char *name, const struct fl_error *err, int unfinished)
{
	progress_bar_erase();
	if (job_interrupted())
		job->trouble = 1;
	else
		job_complain(job, name, err);
	if (unfinished && err->code == -ENOSPC)
		message_error("%s: a part of it is compressed, and is in it no more: make room, "
			      "then: faultline recover --resume",
			      name);
	else if (unfinished)
		message_error("%s: a part of it is compressed, and is in it no more: faultline "
			      "recover --resume",
			      name);
}

static void add(struct punch_sum *sum, const struct fl_punch_result *one)
{
	sum->in += one->compressed.bytes_in;
	sum->out += one->compressed.bytes_out;
	sum->freed += one->freed_bytes;
	sum->journal += one->journal_bytes;
	sum->syncs += one->syncs;
}

static void print_summary(const struct codec_options *opt, const char *name, const char *output,
			  const struct fl_compress_result *r)
{
	if (opt->quiet > 0)
		return;
	message_note("%s: %.2f%% (%" PRIu64 " => %" PRIu64 " bytes, %s)", name,
		     r->bytes_in > 0 ? 100.0 * (double)r->bytes_out / (double)r->bytes_in : 0,
		     r->bytes_in, r->bytes_out, output);
}

static void punch_file(struct codec_run *run, const char *name, const char *output,
		       struct punch_sum *sum)
{
	struct fl_punch_options how = {.size = sizeof(how),
				       .output = output,
				       .flags = run->opt->force ? FL_PUNCH_REPLACE : 0,
				       .compress = &run->opt->compress,
				       .watch = watch,
				       .watch_arg = &run->job};
	struct fl_punch_result one = {.size = sizeof(one)};
	struct fl_error err;
	int rc = fl_compress_punch(name, &run->opt->common.run, &how, &one, &err);

	progress_bar_erase();
	if (rc < 0)
		complain(&run->job, name, &err, one.unfinished);
	else
		print_summary(run->opt, name, output, &one.compressed);
	add(sum, &one);
}

static void punch_name(struct codec_run *run, const char *name, struct punch_sum *sum)
{
	const struct codec_options *opt = run->opt;
	char *derived = opt->output == NULL ? codec_packed_name(name) : NULL;

	if (input_is_stdin(name))
		codec_refuse(run, name, "standard input has no blocks to be freed");
	else if (run->job.inputs.problem != NULL)
		codec_refuse(run, name, run->job.inputs.problem);
	else if (opt->output == NULL && derived == NULL)
		codec_refuse(run, name, strerror(ENOMEM));
	else
		punch_file(run, name, derived != NULL ? derived : opt->output, sum);
	free(derived);
}

static void print_stats(const struct punch_sum *sum)
{
	fprintf(stderr,
		"old bytes: %" PRIu64 "\nnew bytes: %" PRIu64 "\nbytes freed meanwhile: %" PRIu64
		"\njournal bytes: %" PRIu64 "\nsyncs: %" PRIu64 "\n",
		sum->in, sum->out, sum->freed, sum->journal, sum->syncs);
}

int compress_punch(struct codec_options *opt)
{
	struct punch_sum sum = {0};
	struct codec_run run;
	int stats = opt->common.stats;
	const char *name;

	check_options(opt);
	codec_begin(&run, opt);
	job_begin(&run.job, &opt->common);
	while (job_next(&run.job, &name))
		punch_name(&run, name, &sum);
	/* Those of the job's own pipeline, which did not run, say nothing. */
	opt->common.stats = 0;
	if (stats)
		print_stats(&sum);
	return codec_end(&run);
}
