/* SPDX-License-Identifier: MIT */
#include "cli/inplace_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/message.h"
#include "cli/progress_bar.h"
#include "cli/stop_signals.h"

/* The first signal ends the run where recover can go on. */
static void watch(void *arg, struct fl_pipeline *pl)
{
	struct job *job = arg;

	stop_signals_watch(pl != NULL ? pl : job->pl);
}

static void add(struct fl_inplace_result *sum, const struct fl_inplace_result *one)
{
	sum->changes += one->changes;
	sum->changed_bytes += one->changed_bytes;
	sum->changed_pages += one->changed_pages;
	sum->by_pwrite += one->by_pwrite;
	sum->by_map += one->by_map;
	sum->journal_bytes += one->journal_bytes;
	sum->syncs += one->syncs;
	sum->old_bytes += one->old_bytes;
	sum->new_bytes += one->new_bytes;
}

static void complain(struct job *job, const char *name, const struct fl_error *err, int unfinished)
{
	progress_bar_erase();
	if (job_interrupted())
		job->trouble = 1;
	else
		job_complain(job, name, err);
	if (unfinished)
		message_error(
			"%s: half of it is rewritten: faultline recover --resume or --rollback",
			name);
}

static void edit_one(struct job *job, struct fl_transform *transform,
		     const struct fl_inplace_options *how, const char *name,
		     struct fl_inplace_result *sum)
{
	struct fl_inplace_result one = {.size = sizeof(one)};
	struct fl_error err = {.code = -1, .off = FL_OFF_NONE};
	int rc;

	if (input_is_stdin(name)) {
		snprintf(err.text, sizeof(err.text), "standard input cannot be edited in place");
		complain(job, "-", &err, 0);
		return;
	}
	if (job->inputs.problem != NULL) {
		snprintf(err.text, sizeof(err.text), "%s", job->inputs.problem);
		complain(job, name, &err, 0);
		return;
	}
	rc = fl_transform_in_place(transform, name, &job->common->run, how, &one, &err);
	add(sum, &one);
	if (rc < 0)
		complain(job, name, &err, one.unfinished);
	progress_bar_erase();
}

static void print_number(const char *key, uint64_t value)
{
	fprintf(stderr, "%s: %" PRIu64 "\n", key, value);
}

static void print_stats(const struct fl_inplace_result *sum)
{
	print_number("changes", sum->changes);
	print_number("bytes changed", sum->changed_bytes);
	print_number("pages changed", sum->changed_pages);
	print_number("stored by pwrite", sum->by_pwrite);
	print_number("stored through a map", sum->by_map);
	print_number("journal bytes", sum->journal_bytes);
	print_number("syncs", sum->syncs);
	print_number("old bytes", sum->old_bytes);
	print_number("new bytes", sum->new_bytes);
}

int inplace_run(struct job *job, struct fl_transform *transform, const struct inplace_options *opt)
{
	struct fl_inplace_result sum = {.size = sizeof(sum)};
	struct fl_inplace_options how = opt->how;
	int stats = job->common->stats;
	const char *name;

	how.watch = watch;
	how.watch_arg = job;
	if (how.flags & FL_INPLACE_NO_JOURNAL)
		message_error(
			"warning: without a journal, a crash leaves a mixture of old and new");
	while (job_next(job, &name))
		edit_one(job, transform, &how, name, &sum);
	/* Those of the job's own pipeline, which did not run, say nothing. */
	job->common->stats = 0;
	if (stats)
		print_stats(&sum);
	return job_end(job, NULL, 0);
}
