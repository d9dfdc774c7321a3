/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_PUNCH_PLAN_H
#define FL_STORE_PUNCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plat/punch_file.h"

#define FL_PLAN_RECORDS 1u /* frames end at record ends */
#define FL_PLAN_REPLACE 2u /* what stands under the output's name may go */

/**
 * struct fl_punch_plan - what the header of such a journal says is to be done
 * @flags:       FL_PLAN_...
 * @level, @frame_bytes, @window_log, @delimiter: of the compression
 * @batch_bytes: of input that is freed at once, at least
 * @times:       of the input before anything was freed, for the output
 * @output:      absolute path of the name to be
 * @dict:        dictionary, @dict_len bytes of it
 *
 * Lifetime: read from a journal, the pointers lead into its program.
 */
struct fl_punch_plan {
	uint32_t flags;
	int32_t level;
	uint32_t frame_bytes;
	uint32_t window_log;
	unsigned char delimiter;
	uint64_t batch_bytes;
	struct fl_punch_times times;
	const char *output;
	const unsigned char *dict;
	size_t dict_len;
};

/**
 * fl_punch_plan_save() - as the program of a journal: first a line for people, which ends with NUL
 * @ret: malloc'ed
 * Return: 0 or -ENOMEM.
 */
int fl_punch_plan_save(const struct fl_punch_plan *plan, char **ret, size_t *ret_len);

/** fl_punch_plan_load() - Return: 0; -FL_ECORRUPT. */
int fl_punch_plan_load(const char *program, size_t len, struct fl_punch_plan *ret);

#endif
