/* SPDX-License-Identifier: MIT */
#include <faultline/scan.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/source.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/size.h"
#include "ops/scan/scan_fold.h"
#include "ops/scan/scan_map.h"

/* All flags there are: FL_SCAN_INITIAL_TAB is the highest. */
#define SCAN_ALL (2 * FL_SCAN_INITIAL_TAB - 1)

/* From here on it pays to load Hyperscan and to compile with it: some 10 ms. */
#define LARGE_BYTES FL_MIB(32)

/**
 * struct fl_scan - a search
 * @base_line: line ends before the range that is searched, for -n
 * @lines_before: or where they stand once the range is reached
 */
struct fl_scan {
	struct fl_scan_job job;
	struct fl_scan_sum sum;
	char *prefix;
	uint64_t base_line;
	const uint64_t *lines_before;
};

/*
 * As grep 3.8 has it for -T: room for the file's size, and with -n for one more, since that is how many lines there
 * can be; of a pipe for the largest offset there is.
 */
static unsigned number_width(const struct fl_scan *scan, uint64_t file_bytes)
{
	uint64_t most = fl_min_u64(file_bytes, INT64_MAX);
	unsigned width = 1;

	if (!(scan->job.flags & FL_SCAN_INITIAL_TAB))
		return 0;
	if (scan->job.flags & FL_SCAN_LINE_NUMBER && most < INT64_MAX)
		most++;
	while ((most /= 10) != 0)
		width++;
	return width;
}

static int scan_start(void *op, const struct fl_run *run, struct fl_error *reterr FL_UNUSED)
{
	struct fl_scan *scan = op;
	bool counted = scan->base_line == FL_SCAN_BASE_COUNTED;

	scan->job.eol = run->delimiter;
	scan->sum.output.eol = (char)run->delimiter;
	scan->sum.output.prefix = scan->prefix;
	scan->sum.output.number_width = number_width(scan, run->file_bytes);
	fl_scan_sum_start(&scan->sum, counted ? 0 : scan->base_line);
	scan->lines_before = counted ? run->records_before : NULL;
	if (run->len == FL_SIZE_UNKNOWN)
		scan->sum.nul_block = 1;
	if (run->len >= LARGE_BYTES)
		fl_scan_plan_grow(&scan->job.plan);
	return 0;
}

static int scan_worker_init(const void *op, void **ret_scratch, struct fl_error *reterr)
{
	const struct fl_scan *scan = op;
	struct fl_scan_scratch *scratch = calloc(1, sizeof(*scratch));
	int r = 0;

	if (!scratch)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	if (scan->job.plan.needs_regex)
		r = fl_matcher_init(&scratch->matcher, &scan->job.plan.regex);
	if (r == 0)
		r = fl_hs_lane_init(&scratch->lane, scan->job.plan.hs);
	if (r == 0 && scan->job.plan.has_streams)
		r = fl_streams_lane_init(&scratch->streams);
	if (r == 0 && scan->job.plan.method == FL_SCAN_MULTI)
		r = fl_multi_init(&scratch->multi, &scan->job.plan.multi);
	if (r < 0) {
		fl_multi_done(&scratch->multi);
		fl_hs_lane_done(&scratch->lane);
		fl_matcher_done(&scratch->matcher);
		free(scratch);
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	*ret_scratch = scratch;
	return 0;
}

static void scan_worker_done(const void *op FL_UNUSED, void *arg)
{
	struct fl_scan_scratch *scratch = arg;

	if (!scratch)
		return;
	fl_multi_done(&scratch->multi);
	fl_streams_lane_done(&scratch->streams);
	fl_hs_lane_done(&scratch->lane);
	fl_matcher_done(&scratch->matcher);
	free(scratch);
}

static int scan_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	const struct fl_scan *scan = op;

	return fl_scan_map_view(&scan->job, scratch, in, part, reterr);
}

static int scan_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_scan *scan = op;
	int r;

	if (scan->lines_before)
		scan->sum.line = *scan->lines_before;
	scan->lines_before = NULL;
	r = fl_scan_sum_fold(&scan->sum, part);

	if (r == -FL_ELIMIT)
		return fl_error_set(reterr, r, scan->sum.output.error_off, "line is too long");
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : r;
}

static int scan_finish(void *op, struct fl_error *reterr)
{
	struct fl_scan *scan = op;
	int r = fl_scan_sum_finish(&scan->sum);

	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : r;
}

static const struct fl_operator scan_operator = {
	.size = sizeof(scan_operator),
	.name = "scan",
	.cut = FL_CUT_RECORD,
	.flags = FL_OP_UNTIL_ERROR,
	.start = scan_start,
	.worker_init = scan_worker_init,
	.worker_done = scan_worker_done,
	.map = scan_map,
	.fold = scan_fold,
	.finish = scan_finish,
};

/* The same where lines are only counted, or one is enough. */
static const struct fl_operator short_operator = {
	.size = sizeof(short_operator),
	.name = "scan",
	.cut = FL_CUT_RECORD,
	.flags = FL_OP_UNTIL_ERROR | FL_OP_SHORT_PARTS,
	.start = scan_start,
	.worker_init = scan_worker_init,
	.worker_done = scan_worker_done,
	.map = scan_map,
	.fold = scan_fold,
	.finish = scan_finish,
};

/* The same across lines. */
static const struct fl_operator multi_operator = {
	.size = sizeof(multi_operator),
	.name = "scan",
	.cut = FL_CUT_RECORD,
	.flags = FL_OP_UNTIL_ERROR,
	.ahead_bytes = FL_MULTI_AHEAD_BYTES,
	.start = scan_start,
	.worker_init = scan_worker_init,
	.worker_done = scan_worker_done,
	.map = scan_map,
	.fold = scan_fold,
	.finish = scan_finish,
};

static int options_check(const struct fl_scan_options *opt)
{
	if (!opt || opt->size < sizeof(*opt) || (opt->flags & ~SCAN_ALL))
		return -EINVAL;
	if ((!opt->pattern && opt->pattern_len > 0) || (!opt->replace && opt->replace_len > 0))
		return -EINVAL;
	if (!opt->write && !opt->event && !(opt->flags & (FL_SCAN_COUNT | FL_SCAN_QUIET)))
		return -EINVAL;
	return 0;
}

static int write_nothing(void *arg FL_UNUSED, const void *data FL_UNUSED, size_t len FL_UNUSED)
{
	return 0;
}

/*
 * With -I, lines count only up to where the file turns binary. What ends at some line, without being
 * printed, has to know which ones these are: it prints them to nowhere.
 */
static void settle_lines(struct fl_scan *scan, const struct fl_scan_options *opt)
{
	unsigned quiet = opt->flags & FL_SCAN_QUIET, count = opt->flags & FL_SCAN_COUNT;

	if (!(opt->flags & FL_SCAN_SKIP_BINARY) || !(quiet || (count && opt->max_count > 0)))
		return;
	scan->job.flags &= ~(FL_SCAN_QUIET | FL_SCAN_COUNT | FL_SCAN_ONLY_MATCHING |
			     FL_SCAN_CONTEXT | FL_SCAN_PASSTHRU);
	scan->job.before = scan->job.after = 0;
	scan->job.spans = scan->job.empties = false;
	scan->sum.flags = scan->sum.output.flags = scan->job.flags;
	scan->sum.output.write = write_nothing;
	scan->sum.output.event = NULL;
	scan->sum.context = (struct fl_scan_context){.max_count = quiet ? 1 : opt->max_count};
}

static bool tells_groups(const struct fl_scan *scan)
{
	return scan->job.plan.method == FL_SCAN_MULTI && !(scan->job.flags & FL_SCAN_INVERT);
}

/* How many lines or matches there are is not enough: the fold has to see each line, or group of lines. */
static bool counts_lines(const struct fl_scan *scan, const struct fl_scan_options *opt)
{
	unsigned flags = opt->flags;

	if (!(flags & FL_SCAN_COUNT) || (flags & FL_SCAN_QUIET) || opt->max_count == 0)
		return false;
	return opt->tell_end || tells_groups(scan) ||
	       (flags & (FL_SCAN_COUNT_MATCHES | FL_SCAN_INVERT)) == FL_SCAN_COUNT_MATCHES;
}

/*
 * Matches in the first lines, or where the last of these ends: how many of a part's lines are among these only
 * the fold knows, which prints them to nowhere. Where no NUL byte can end the count, all of them are text to it.
 */
static void tell_counts(struct fl_scan *scan, const struct fl_scan_options *opt)
{
	if (!counts_lines(scan, opt))
		return;
	scan->job.tells_counts = true;
	scan->job.max_count = opt->max_count;
	scan->job.flags = opt->flags;
	scan->sum.flags = (opt->flags & FL_SCAN_COUNT_MATCHES) |
			  (opt->flags & FL_SCAN_SKIP_BINARY ? FL_SCAN_SKIP_BINARY : FL_SCAN_TEXT);
	scan->sum.output.flags = scan->sum.flags;
	scan->sum.output.write = write_nothing;
	scan->sum.output.event = NULL;
	scan->sum.context = (struct fl_scan_context){.max_count = opt->max_count};
}

static void take_options(struct fl_scan *scan, const struct fl_scan_options *opt)
{
	unsigned flags = opt->flags;

	scan->job.flags = scan->sum.flags = scan->sum.output.flags = flags;
	scan->job.before = scan->sum.context.before = opt->before;
	scan->job.after = scan->sum.context.after = opt->after;
	scan->job.spans = opt->event != NULL;
	scan->job.empties = opt->replace || (flags & FL_SCAN_EMPTIES);
	scan->job.max_columns = opt->max_columns;
	scan->job.max_line_bytes = opt->max_line_bytes;
	scan->sum.context.everything = (flags & FL_SCAN_PASSTHRU) != 0;
	scan->sum.context.max_count = opt->max_count;
	scan->sum.output.write = opt->write;
	scan->sum.output.event = opt->event;
	scan->sum.output.arg = opt->arg;
	scan->job.eol = '\n';
	scan->job.chain = &scan->sum.chain;
	scan->sum.output.eol = '\n';
}

int fl_scan_new(const struct fl_scan_options *opt, struct fl_scan **ret, struct fl_error *reterr)
{
	struct fl_scan *scan = NULL;
	int r = options_check(opt);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	scan = calloc(1, sizeof(*scan));
	if (!scan)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	take_options(scan, opt);
	fl_scan_sum_start(&scan->sum, 0);
	r = fl_scan_set_prefix(scan, opt->prefix);
	if (r < 0)
		fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	else
		r = fl_scan_plan_init(&scan->job.plan, opt, reterr);
	if (r < 0) {
		fl_scan_free(scan);
		return r;
	}
	settle_lines(scan, opt);
	tell_counts(scan, opt);
	scan->sum.context.blocks = tells_groups(scan);
	scan->sum.context.matches = scan->job.tells_counts && tells_groups(scan);
	*ret = scan;
	return 0;
}

int fl_scan_set_prefix(struct fl_scan *scan, const char *prefix)
{
	char *copy = NULL;

	if (prefix) {
		copy = strdup(prefix);
		if (!copy)
			return -ENOMEM;
	}
	free(scan->prefix);
	scan->prefix = copy;
	return 0;
}

void fl_scan_set_base_line(struct fl_scan *scan, uint64_t lines)
{
	scan->base_line = lines;
}

const struct fl_operator *fl_scan_operator(const struct fl_scan *scan)
{
	if (scan->job.plan.method == FL_SCAN_MULTI)
		return &multi_operator;
	return scan->job.flags & (FL_SCAN_COUNT | FL_SCAN_QUIET) && !scan->job.tells_counts
		       ? &short_operator
		       : &scan_operator;
}

void fl_scan_result(const struct fl_scan *scan, struct fl_scan_result *ret)
{
	ret->selected = scan->sum.selected;
	ret->matches = scan->sum.matches;
	ret->binary = scan->sum.binary;
	ret->binary_off = fl_scan_sum_nul(&scan->sum);
	ret->end_off = fl_scan_context_done_off(&scan->sum.context);
	ret->plan = scan->job.plan.text;
}

void fl_scan_free(struct fl_scan *scan)
{
	if (!scan)
		return;
	fl_scan_plan_done(&scan->job.plan);
	fl_scan_sum_done(&scan->sum);
	free(scan->prefix);
	free(scan);
}
