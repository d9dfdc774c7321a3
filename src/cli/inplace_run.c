/* SPDX-License-Identifier: MIT */
#include "cli/inplace_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/inplace_crew.h"
#include "cli/message.h"
#include "cli/progress_bar.h"
#include "cli/stop_signals.h"

/* The first signal ends the run where recover can go on. */
static void watch(void *arg, struct fl_pipeline *pl)
{
	struct inplace_work *work = arg;

	if (pl == NULL && work->watched != NULL)
		run_stats_add(&work->passes, work->watched);
	work->watched = pl;
	stop_signals_watch(pl != NULL ? pl : work->job->pl);
}

static void add(struct fl_inplace_result *sum, const struct fl_inplace_result *one)
{
	sum->changes += one->changes;
	sum->changed_bytes += one->changed_bytes;
	sum->changed_pages += one->changed_pages;
	sum->by_pwrite += one->by_pwrite;
	sum->by_map += one->by_map;
	sum->by_block += one->by_block;
	sum->journal_bytes += one->journal_bytes;
	sum->syncs += one->syncs;
	sum->old_bytes += one->old_bytes;
	sum->new_bytes += one->new_bytes;
	if (one->peak_rss_anon_bytes > sum->peak_rss_anon_bytes)
		sum->peak_rss_anon_bytes = one->peak_rss_anon_bytes;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
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

int inplace_edit(struct inplace_work *work, const char *name, struct fl_inplace_result *ret)
{
	struct job *job = work->job;
	struct fl_inplace_result one = {.size = sizeof(one)};
	struct fl_error err = {.code = -EINVAL, .off = FL_OFF_NONE};
	uint64_t begin = now_ns();
	int rc = -EINVAL;

	if (input_is_stdin(name)) {
		snprintf(err.text, sizeof(err.text), "standard input cannot be edited in place");
		name = "-";
	} else if (job->inputs.problem != NULL) {
		snprintf(err.text, sizeof(err.text), "%s", job->inputs.problem);
	} else {
		rc = crew_is_there()
			     ? inplace_crew_edit(work, name, &one, &err)
			     : fl_transforms_in_place(work->transforms, work->count, name,
						      &job->common->run, &work->how, &one, &err);
		add(&work->sum, &one);
	}
	work->ns += now_ns() - begin;
	if (rc < 0)
		complain(job, name, &err, one.unfinished);
	progress_bar_erase();
	*ret = one;
	return rc;
}

static void print_number(const char *key, uint64_t value)
{
	fprintf(stderr, "%s: %" PRIu64 "\n", key, value);
}

void inplace_print_stats(const struct inplace_work *work)
{
	const struct fl_inplace_result *sum = &work->sum;
	const struct fl_stats *passes = &work->passes.sum;
	const char *loader = fl_io_name(passes->io_used);

	fprintf(stderr, "seconds: %.6f\n", (double)work->ns / 1e9);
	if (work->passes.most > 0)
		fprintf(stderr, "loader: %s (%.*s)\nkernels: %s\nthreads: %" PRIu64 "\n",
			loader != NULL ? loader : "?", (int)sizeof(passes->io_reason),
			passes->io_reason, passes->kernels != NULL ? passes->kernels : "?",
			(uint64_t)passes->threads);
	print_number("changes", sum->changes);
	print_number("bytes changed", sum->changed_bytes);
	print_number("pages changed", sum->changed_pages);
	print_number("stored by pwrite", sum->by_pwrite);
	print_number("stored through a map", sum->by_map);
	print_number("stored in blocks", sum->by_block);
	print_number("journal bytes", sum->journal_bytes);
	print_number("syncs", sum->syncs);
	print_number("old bytes", sum->old_bytes);
	print_number("new bytes", sum->new_bytes);
	print_number("peak RssAnon", sum->peak_rss_anon_bytes);
}

void inplace_begin(struct inplace_work *work, const struct inplace_options *opt)
{
	work->sum = (struct fl_inplace_result){.size = sizeof(work->sum)};
	work->how = opt->how;
	work->how.watch = watch;
	work->how.watch_arg = work;
	work->passes = (struct run_stats){.files = 0};
	work->watched = NULL;
	work->ns = 0;
	if (work->how.flags & FL_INPLACE_NO_JOURNAL)
		message_error(
			"warning: without a journal, a crash leaves a mixture of old and new");
}

int inplace_run(struct job *job, struct fl_transform *transform, const struct inplace_options *opt)
{
	struct inplace_work work = {.job = job, .transforms = &transform, .count = 1};
	struct fl_inplace_result one;
	int stats = job->common->stats;
	const char *name;

	inplace_begin(&work, opt);
	while (job_next(job, &name))
		inplace_edit(&work, name, &one);
	/* Those of the job's own pipeline, which did not run, say nothing. */
	job->common->stats = 0;
	if (stats)
		inplace_print_stats(&work);
	return job_end(job, NULL, 0);
}
