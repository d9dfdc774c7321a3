/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_FOLD_H
#define FL_OPS_SCAN_SCAN_FOLD_H

#include <stdbool.h>

#include <faultline/operator.h>

#include "ops/scan/scan_context.h"
#include "ops/scan/scan_output.h"
#include "ops/scan/scan_record.h"

/**
 * struct fl_scan_sum - the sequential side of a search
 * @flags:      FL_SCAN_...
 * @line:       line ends before the next part
 * @context:    which lines are printed
 * @selected:   lines
 * @matches:    with FL_SCAN_COUNT_MATCHES
 * @binary:     a selected line was not printed
 * @nul_off:    of the first NUL byte seen, or FL_OFF_NONE
 * @nul_block:  where max_count is reached, NUL bytes are looked for to the end of the last line's block
 *              of this size: 1 where more may never come; set by fl_scan_sum_start()
 * @chain:      see struct fl_scan_job
 * @held:       records of lines that end in a block that has not been seen to
 *              its end: a NUL there may yet make them binary. At most a block
 *              of lines and one more, itself no longer than a block
 *
 * Holding lines back is what makes the output independent of where chunks end.
 */
struct fl_scan_sum {
	struct fl_scan_output output;
	unsigned flags;
	uint64_t line;
	struct fl_scan_context context;
	uint64_t selected;
	uint64_t matches;
	bool binary;
	uint64_t nul_off;
	uint64_t nul_block;
	struct fl_multi_chain chain;
	unsigned char *held;
	size_t held_len;
	size_t held_size;
};

/** fl_scan_sum_start() - before a run; flags, output and what context takes are the caller's to set */
void fl_scan_sum_start(struct fl_scan_sum *sum, uint64_t base_line);

/**
 * fl_scan_sum_fold() - the next part, in order
 * Return: 0; FL_FOLD_STOP; -ENOMEM; -EINVAL for a part that is none; what write returned.
 */
int fl_scan_sum_fold(struct fl_scan_sum *sum, const struct fl_part *part);

/** fl_scan_sum_finish() - print what was held. Return: 0; what write returned. */
int fl_scan_sum_finish(struct fl_scan_sum *sum);

/** fl_scan_sum_nul() - the first NUL byte's offset, or FL_OFF_NONE; it does not depend on how far was read */
uint64_t fl_scan_sum_nul(const struct fl_scan_sum *sum);

/** fl_scan_sum_done() - free; all zero is fine */
void fl_scan_sum_done(struct fl_scan_sum *sum);

#endif
