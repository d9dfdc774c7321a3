/* SPDX-License-Identifier: MIT */
#include "cli/diff_files.h"

#include <errno.h>
#include <string.h>

#include <faultline/diff.h>
#include <faultline/source.h>

#include "cli/message.h"
#include "cli/progress_bar.h"

/* A file of the two, and what is known of it before the run. */
struct side {
	const char *name;
	struct fl_source *src;
	uint64_t size;
};

static int open_side(struct diff_run *run, struct side *side)
{
	struct fl_source_info info = {.size = sizeof(info)};
	struct fl_error err;
	int rc = input_open(side->name, &side->src, &err);

	if (rc < 0) {
		job_complain(&run->job, side->name, &err);
		return rc;
	}
	fl_source_info(side->src, &info);
	side->size = info.size_bytes;
	return 0;
}

static int on_range(void *arg, const struct fl_diff_range *range)
{
	struct diff_run *run = arg;

	diff_print_range(run, range->off, range->len, range->differ);
	return run->opt->common.quiet ? FL_FOLD_STOP : 0;
}

/* What one of them has and the other has not, as far as it was asked for. */
static void tell_rest(struct diff_run *run, const struct side *a, const struct side *b)
{
	const struct fl_options *opt = &run->opt->common.run;
	const struct side *longer = a->size > b->size ? a : b;
	uint64_t from = a->size < b->size ? a->size : b->size;
	uint64_t end = longer->size;

	if (opt->range_len < end && opt->range_off < end - opt->range_len)
		end = opt->range_off + opt->range_len;
	if (from < opt->range_off)
		from = opt->range_off;
	if (from < end)
		diff_print_only(run, longer->name, from, end);
}

static void compare(struct diff_run *run, struct side *a, struct side *b)
{
	struct fl_diff_options opt = {.size = sizeof(opt),
				      .other = b->src,
				      .gap_bytes = run->opt->gap,
				      .cold = (run->opt->common.run.flags & FL_RUN_COLD) != 0,
				      .brief = run->opt->common.quiet,
				      .range = on_range,
				      .arg = run};
	struct fl_diff *diff = NULL;
	struct fl_error err;
	int rc = fl_diff_new(&opt, &diff, &err);

	if (rc < 0) {
		job_complain(&run->job, b->name, &err);
		return;
	}
	job_add(&run->job, fl_diff_operator(diff), diff);
	rc = fl_pipeline_run(run->job.pl, a->src, &err);
	run_stats_add(&run->job.stats, run->job.pl);
	progress_bar_erase();
	if (rc < 0) {
		job_complain(&run->job, a->name, &err);
	} else if (!job_interrupted()) {
		if (a->size == FL_SIZE_UNKNOWN)
			a->size = fl_diff_seen(diff);
		tell_rest(run, a, b);
	}
	fl_diff_free(diff);
}

void diff_files(struct diff_run *run, const char *a, const char *b)
{
	struct side one = {.name = a}, two = {.name = b}, other;

	if (open_side(run, &one) == 0 && open_side(run, &two) == 0) {
		/* The pipeline runs over what can only be read in order. */
		if (two.size == FL_SIZE_UNKNOWN && one.size != FL_SIZE_UNKNOWN) {
			other = one;
			one = two;
			two = other;
		}
		/* Other lengths are an answer, too. */
		if (run->opt->common.quiet && one.size != FL_SIZE_UNKNOWN && one.size != two.size)
			tell_rest(run, &one, &two);
		if (!run->opt->common.quiet || !run->differ)
			compare(run, &one, &two);
	}
	fl_source_close(one.src);
	fl_source_close(two.src);
}
