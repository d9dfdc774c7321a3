/* SPDX-License-Identifier: MIT */
#include <faultline/count.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "kern/kernels.h"
#include "ops/count/words.h"

#define COUNT_ALL (FL_COUNT_LINES | FL_COUNT_WORDS | FL_COUNT_BYTES)
#define COUNT_KNOWN (COUNT_ALL | FL_COUNT_RECORDS)
#define COUNT_PART_VERSION 1

struct fl_count {
	unsigned what;
	unsigned char delimiter;
	struct fl_words_rules rules;
	struct fl_count_result sum;
	struct fl_words words;
};

/* The part of this operator: host order, which is little-endian on every machine supported. */
struct count_part {
	uint64_t version;
	uint64_t lines;
	uint64_t bytes;
	struct fl_words words;
};

static int count_start(void *op, const struct fl_run *run, struct fl_error *reterr FL_UNUSED)
{
	struct fl_count *count = op;

	count->delimiter = run->delimiter;
	memset(&count->sum, 0, sizeof(count->sum));
	memset(&count->words, 0, sizeof(count->words));
	return 0;
}

static int count_map(const void *op, void *scratch FL_UNUSED, const struct fl_view *in,
		     struct fl_part *part, struct fl_error *reterr FL_UNUSED)
{
	const struct fl_count *count = op;
	struct count_part sum = {.version = COUNT_PART_VERSION};
	int r;

	if (part->len == 0) {
		r = fl_part_append(part, &sum, sizeof(sum));
		if (r < 0)
			return r;
	}
	memcpy(&sum, part->data, sizeof(sum));
	if (count->what & FL_COUNT_LINES)
		sum.lines += fl_kernels_get()->count_byte(in->data, in->len, count->delimiter);
	if (count->what & FL_COUNT_WORDS)
		fl_words_feed(&sum.words, &count->rules, in->data, in->len);
	sum.bytes += in->len;
	memcpy(part->data, &sum, sizeof(sum));
	return 0;
}

static int count_fold(void *op, const struct fl_part *part, struct fl_error *reterr FL_UNUSED)
{
	struct fl_count *count = op;
	struct count_part sum;

	if (part->len != sizeof(sum))
		return part->len == 0 ? 0 : -EINVAL;
	memcpy(&sum, part->data, sizeof(sum));
	if (sum.version != COUNT_PART_VERSION)
		return -EINVAL;
	count->sum.lines += sum.lines;
	count->sum.bytes += sum.bytes;
	if (count->what & FL_COUNT_WORDS)
		fl_words_join(&count->words, &count->rules, &sum.words);
	count->sum.words = count->words.words;
	return 0;
}

static const struct fl_operator count_operator = {
	.size = sizeof(count_operator),
	.name = "count",
	.cut = FL_CUT_UNIT,
	.unit_bytes = 1,
	.flags = FL_OP_SHORT_PARTS,
	.start = count_start,
	.map = count_map,
	.fold = count_fold,
};

static const struct fl_operator count_records_operator = {
	.size = sizeof(count_records_operator),
	.name = "count",
	.cut = FL_CUT_RECORD,
	.flags = FL_OP_SHORT_PARTS,
	.start = count_start,
	.map = count_map,
	.fold = count_fold,
};

int fl_count_new(unsigned what, struct fl_count **ret)
{
	struct fl_count *count;
	int r;

	if ((what & COUNT_ALL) == 0 || (what & ~COUNT_KNOWN) || !ret)
		return -EINVAL;
	count = calloc(1, sizeof(*count));
	if (!count)
		return -ENOMEM;
	count->what = what;
	count->delimiter = '\n';
	if (what & FL_COUNT_WORDS) {
		r = fl_words_rules_init(&count->rules);
		if (r < 0) {
			free(count);
			return r;
		}
	}
	*ret = count;
	return 0;
}

const struct fl_operator *fl_count_operator(const struct fl_count *count)
{
	return count->what & FL_COUNT_RECORDS ? &count_records_operator : &count_operator;
}

void fl_count_result(const struct fl_count *count, struct fl_count_result *ret)
{
	*ret = count->sum;
}

void fl_count_free(struct fl_count *count)
{
	if (!count)
		return;
	fl_words_rules_done(&count->rules);
	free(count);
}
