/* SPDX-License-Identifier: MIT */
#include "store/punch_plan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/error.h>

#include "store/journal_block.h"

/* Numbers between the line and the output's path. */
#define FIXED_BYTES ((size_t)60)

static void put_fixed(const struct fl_punch_plan *p, size_t output_len, unsigned char *to)
{
	fl_put32(to, p->flags);
	fl_put32(to + 4, (uint32_t)p->level);
	fl_put32(to + 8, p->frame_bytes);
	fl_put32(to + 12, p->window_log);
	fl_put32(to + 16, p->delimiter);
	fl_put64(to + 20, p->batch_bytes);
	fl_put64(to + 28, (uint64_t)p->times.atime_ns);
	fl_put64(to + 36, (uint64_t)p->times.mtime_ns);
	fl_put64(to + 44, output_len);
	fl_put64(to + 52, p->dict_len);
}

int fl_punch_plan_save(const struct fl_punch_plan *plan, char **ret, size_t *ret_len)
{
	size_t output_len = strlen(plan->output) + 1;
	unsigned char *all, *to;
	char *line;
	int n = asprintf(&line, "compress --level=%d --punch -o %s", (int)plan->level,
			 plan->output);

	if (n < 0)
		return -ENOMEM;
	all = malloc((size_t)n + 1 + FIXED_BYTES + output_len + plan->dict_len);
	if (!all) {
		free(line);
		return -ENOMEM;
	}
	memcpy(all, line, (size_t)n + 1);
	free(line);
	to = all + n + 1;
	put_fixed(plan, output_len, to);
	to += FIXED_BYTES;
	memcpy(to, plan->output, output_len);
	if (plan->dict_len > 0)
		memcpy(to + output_len, plan->dict, plan->dict_len);
	*ret = (char *)all;
	*ret_len = (size_t)(to - all) + output_len + plan->dict_len;
	return 0;
}

int fl_punch_plan_load(const char *program, size_t len, struct fl_punch_plan *ret)
{
	const char *end = memchr(program, '\0', len);
	const unsigned char *p = (const unsigned char *)(end ? end + 1 : program);
	size_t left = end ? len - (size_t)(end + 1 - program) : 0;
	uint64_t output_len, dict_len;

	if (left < FIXED_BYTES)
		return -FL_ECORRUPT;
	output_len = fl_get64(p + 44);
	dict_len = fl_get64(p + 52);
	left -= FIXED_BYTES;
	if (output_len < 2 || output_len > left || dict_len != left - output_len ||
	    p[FIXED_BYTES] != '/' || p[FIXED_BYTES + output_len - 1] != '\0')
		return -FL_ECORRUPT;
	*ret = (struct fl_punch_plan){
		.flags = fl_get32(p),
		.level = (int32_t)fl_get32(p + 4),
		.frame_bytes = fl_get32(p + 8),
		.window_log = fl_get32(p + 12),
		.delimiter = (unsigned char)fl_get32(p + 16),
		.batch_bytes = fl_get64(p + 20),
		.times = {(int64_t)fl_get64(p + 28), (int64_t)fl_get64(p + 36)},
		.output = (const char *)p + FIXED_BYTES,
		.dict = p + FIXED_BYTES + output_len,
		.dict_len = (size_t)dict_len};
	return 0;
}
