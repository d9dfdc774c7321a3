/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_MAP_H
#define FL_OPS_SCAN_SCAN_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include <faultline/operator.h>

#include "kern/kernels.h"
#include "ops/scan/scan_plan.h"
#include "ops/scan/scan_record.h"

/**
 * struct fl_scan_job - what all maps of a run share; constant during a run
 * @flags:  FL_SCAN_...
 * @before, @after: lines of context
 * @spans:  matches within lines are told apart
 * @empties: also empty ones
 * @max_columns, @max_line_bytes: see struct fl_scan_options
 * @eol:    ends a line
 * @tells_counts: lines, or matches in them, are counted up to some line: each line, with its number of matches,
 *          goes to the fold
 * @max_count: then no part needs more lines
 * @chain:  where the matches of all parts that have been folded end: to be read after a part has been
 *          flushed, before the next one is
 */
struct fl_scan_job {
	struct fl_scan_plan plan;
	unsigned flags;
	uint64_t before;
	uint64_t after;
	bool spans;
	bool empties;
	uint64_t max_columns;
	uint64_t max_line_bytes;
	unsigned char eol;
	bool tells_counts;
	uint64_t max_count;
	const struct fl_multi_chain *chain;
};

/* Views are no longer (faultline/operator.h), but those of records that are. */
#define FL_SCAN_VIEW_BYTES ((size_t)1 << 20)

/**
 * struct fl_scan_scratch - what a thread needs
 * @counts: line ends in each block of a view
 */
struct fl_scan_scratch {
	uint16_t counts[FL_SCAN_VIEW_BYTES / FL_COUNT_BLOCK_BYTES];
	struct fl_matcher matcher;
	struct fl_hs_lane lane;
	struct fl_streams_lane streams;
	struct fl_multi multi;
};

/**
 * fl_scan_map_view() - append a view's selected lines to a part (scan_record.h)
 * @scratch: the thread's
 *
 * Threads: any, one scratch each. Return: 0; -ENOMEM; -FL_ELIMIT
 * with the offset of the line for which PCRE2 gave up.
 */
int fl_scan_map_view(const struct fl_scan_job *job, struct fl_scan_scratch *scratch,
		     const struct fl_view *in, struct fl_part *part, struct fl_error *reterr);

#endif
