/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/scan.h>

#include "base/size.h"

/* A record and its text within a byte string. */
struct item {
	struct fl_scan_record rec;
	const unsigned char *text;
	size_t size;
};

void fl_scan_sum_start(struct fl_scan_sum *sum, uint64_t base_line)
{
	sum->line = base_line;
	sum->selected = 0;
	sum->binary = false;
	sum->nul_off = FL_OFF_NONE;
	sum->held_len = 0;
	sum->output.used = 0;
}

void fl_scan_sum_done(struct fl_scan_sum *sum)
{
	free(sum->held);
	sum->held = NULL;
	sum->held_len = sum->held_size = 0;
}

/* Return: 0, or -EINVAL when the bytes are no record. */
static int item_read(const unsigned char *p, size_t len, struct item *ret)
{
	if (len < sizeof(ret->rec))
		return -EINVAL;
	memcpy(&ret->rec, p, sizeof(ret->rec));
	if (ret->rec.len > len - sizeof(ret->rec))
		return -EINVAL;
	ret->text = p + sizeof(ret->rec);
	ret->size = sizeof(ret->rec) + (size_t)ret->rec.len;
	return 0;
}

static int hold(struct fl_scan_sum *sum, const struct item *item)
{
	size_t need = sum->held_len + item->size;

	if (need > sum->held_size) {
		size_t size = fl_max_size(need, fl_max_size(2 * sum->held_size, FL_KIB(4)));
		unsigned char *held = realloc(sum->held, size);

		if (!held)
			return -ENOMEM;
		sum->held = held;
		sum->held_size = size;
	}
	memcpy(sum->held + sum->held_len, &item->rec, sizeof(item->rec));
	if (item->rec.len > 0)
		memcpy(sum->held + sum->held_len + sizeof(item->rec), item->text,
		       (size_t)item->rec.len);
	sum->held_len = need;
	return 0;
}

static int print(struct fl_scan_sum *sum, const struct item *item)
{
	if (item->rec.flags & FL_SCAN_RECORD_LINE)
		sum->selected++;
	if (item->rec.flags & FL_SCAN_RECORD_BAD)
		sum->binary = true;
	if (!(item->rec.flags & FL_SCAN_RECORD_TEXT))
		return 0;
	return fl_scan_output_record(&sum->output, &item->rec, item->text);
}

/* grep prints nothing of binary data and stops at the first line selected there. */
static int stop_at_binary(struct fl_scan_sum *sum)
{
	int r = fl_scan_output_flush(&sum->output);

	sum->binary = true;
	sum->selected++;
	sum->held_len = 0;
	return r < 0 ? r : FL_FOLD_STOP;
}

/* @known: no NUL stands before this offset other than at or after nul_off */
static int settle(struct fl_scan_sum *sum, const struct item *item, uint64_t known)
{
	if (fl_scan_is_binary(sum->nul_off, item->rec.end_off, item->rec.flags))
		return stop_at_binary(sum);
	/* What is held ends in blocks before a long line's end: nothing is overtaken. */
	if (item->rec.end_off >= known && !(item->rec.flags & FL_SCAN_RECORD_LONG))
		return hold(sum, item);
	return print(sum, item);
}

/* All that is held ends in one block, so that it shares one fate. */
static int settle_held(struct fl_scan_sum *sum, uint64_t known)
{
	size_t len = sum->held_len;
	struct item item;
	int r = 0;

	for (size_t at = 0; at < len && r == 0; at += item.size) {
		r = item_read(sum->held + at, len - at, &item);
		if (r < 0)
			return r;
		if (fl_scan_is_binary(sum->nul_off, item.rec.end_off, item.rec.flags))
			return stop_at_binary(sum);
		if (item.rec.end_off >= known)
			return 0;
		r = print(sum, &item);
	}
	sum->held_len = 0;
	return r;
}

static int fold_records(struct fl_scan_sum *sum, const struct fl_part *part, uint64_t known)
{
	struct item item;
	int r = 0;

	for (size_t at = sizeof(struct fl_scan_head); at < part->len && r == 0; at += item.size) {
		r = item_read(part->data + at, part->len - at, &item);
		if (r < 0)
			return r;
		item.rec.line += sum->line;
		r = settle(sum, &item, known);
	}
	return r;
}

int fl_scan_sum_fold(struct fl_scan_sum *sum, const struct fl_part *part)
{
	struct fl_scan_head head;
	uint64_t known = FL_OFF_NONE;
	int r;

	if (part->len == 0)
		return 0;
	if (part->len < sizeof(head))
		return -EINVAL;
	memcpy(&head, part->data, sizeof(head));
	if (head.version != FL_SCAN_PART_VERSION)
		return -EINVAL;
	if (sum->flags & FL_SCAN_QUIET) {
		sum->selected = head.selected > 0;
		return head.selected > 0 ? FL_FOLD_STOP : 0;
	}
	if (sum->flags & FL_SCAN_COUNT) {
		sum->selected += head.selected;
		return 0;
	}
	sum->nul_off = fl_min_u64(sum->nul_off, head.nul_off);
	if (!(sum->flags & FL_SCAN_TEXT))
		known = fl_round_down(head.end_off, FL_SCAN_BINARY_BLOCK_BYTES);
	r = settle_held(sum, known);
	if (r == 0)
		r = fold_records(sum, part, known);
	if (r != 0)
		return r;
	sum->line += head.newlines;
	return fl_scan_output_flush(&sum->output);
}

int fl_scan_sum_finish(struct fl_scan_sum *sum)
{
	int r = settle_held(sum, FL_OFF_NONE);
	int flushed = fl_scan_output_flush(&sum->output);

	return r < 0 ? r : flushed;
}
