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
	fl_scan_context_start(&sum->context);
	sum->selected = 0;
	sum->matches = 0;
	sum->binary = false;
	sum->nul_off = FL_OFF_NONE;
	sum->nul_block = FL_SCAN_BINARY_BLOCK_BYTES;
	sum->chain = (struct fl_multi_chain){.end = FL_OFF_NONE};
	sum->held_len = 0;
	sum->output.used = 0;
}

void fl_scan_sum_done(struct fl_scan_sum *sum)
{
	fl_scan_context_done(&sum->context);
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

static int print_text(struct fl_scan_sum *sum, const struct fl_scan_record *rec,
		      const unsigned char *text, bool context)
{
	if (!(rec->flags & FL_SCAN_RECORD_TEXT))
		return 0;
	return fl_scan_output_record(&sum->output, rec, text, context);
}

/* The gap, and the lines that were kept for standing before this one. */
static int print_before(struct fl_scan_sum *sum, const struct fl_scan_record *rec)
{
	struct fl_scan_context *c = &sum->context;
	struct fl_scan_record kept = *rec;
	const unsigned char *text = NULL;
	bool any = fl_scan_kept_take(c, &kept, &text);
	int r = 0;

	if ((sum->flags & FL_SCAN_CONTEXT) && fl_scan_context_gap(c, kept.begin_off))
		r = fl_scan_output_gap(&sum->output);
	while (any && r == 0) {
		r = print_text(sum, &kept, text, true);
		any = fl_scan_kept_take(c, &kept, &text);
	}
	return r;
}

static int print_selected(struct fl_scan_sum *sum, const struct item *item)
{
	int r = 0;

	sum->selected = sum->context.selected;
	if (sum->flags & FL_SCAN_COUNT_MATCHES)
		sum->matches += item->rec.matches;
	if (item->rec.flags & FL_SCAN_RECORD_BAD) {
		/* With -I grep does not say so. */
		sum->binary = !(sum->flags & FL_SCAN_SKIP_BINARY);
		return 0;
	}
	if (item->rec.flags & FL_SCAN_RECORD_LINE)
		r = print_before(sum, &item->rec);
	fl_scan_context_printed(&sum->context, item->rec.end_off);
	return r < 0 ? r : print_text(sum, &item->rec, item->text, false);
}

/* A selected line behind the last one that is wanted is like one that does not match. */
static int print_near(struct fl_scan_sum *sum, const struct item *item)
{
	struct fl_scan_record rec = item->rec;

	fl_scan_context_printed(&sum->context, rec.end_off);
	if (!(rec.flags & FL_SCAN_RECORD_CONTEXT)) {
		if (sum->flags & FL_SCAN_ONLY_MATCHING)
			return 0;
		rec.flags &= ~(uint64_t)FL_SCAN_RECORD_MATCH;
	}
	return print_text(sum, &rec, item->text, true);
}

static int print(struct fl_scan_sum *sum, const struct item *item)
{
	switch (fl_scan_context_fate(&sum->context, &item->rec)) {
	case FL_SCAN_STOP:
		return FL_FOLD_STOP;
	case FL_SCAN_PRINT:
		return print_selected(sum, item);
	case FL_SCAN_PRINT_NEAR:
		return print_near(sum, item);
	case FL_SCAN_KEEP:
		return fl_scan_kept_add(&sum->context, &item->rec, item->text);
	default:
		return 0;
	}
}

/*
 * grep prints nothing of binary data and stops at the first line selected there; with -I nothing
 * was selected at all.
 */
static int stop_at_binary(struct fl_scan_sum *sum, const struct fl_scan_record *rec)
{
	int r = fl_scan_output_flush(&sum->output);

	sum->binary = !(sum->flags & FL_SCAN_SKIP_BINARY);
	if (sum->binary)
		fl_scan_context_last(&sum->context, rec->end_off);
	sum->selected = sum->binary ? sum->context.selected : 0;
	sum->matches = 0;
	sum->held_len = 0;
	return r < 0 ? r : FL_FOLD_STOP;
}

static bool is_binary(const struct fl_scan_sum *sum, const struct fl_scan_record *rec)
{
	return !(sum->flags & FL_SCAN_TEXT) &&
	       fl_scan_is_binary(sum->nul_off, rec->end_off, rec->flags);
}

static bool is_context(const struct fl_scan_record *rec)
{
	return (rec->flags & FL_SCAN_RECORD_CONTEXT) != 0;
}

/* @known: no NUL stands before this offset other than at or after nul_off */
static int settle(struct fl_scan_sum *sum, const struct item *item, uint64_t known)
{
	if (is_binary(sum, &item->rec) && fl_scan_context_beyond(&sum->context, &item->rec))
		return FL_FOLD_STOP;
	if (is_binary(sum, &item->rec))
		return is_context(&item->rec) ? 0 : stop_at_binary(sum, &item->rec);
	/* What is held ends in blocks before a long line's end: nothing is overtaken. */
	if (item->rec.end_off >= known && !(item->rec.flags & FL_SCAN_RECORD_LONG))
		return hold(sum, item);
	return print(sum, item);
}

static void keep_held(struct fl_scan_sum *sum, size_t from)
{
	if (from > 0)
		memmove(sum->held, sum->held + from, sum->held_len - from);
	sum->held_len -= from;
}

/* Lines are held in the order of their ends. */
static int settle_held(struct fl_scan_sum *sum, uint64_t known)
{
	size_t len = sum->held_len;
	struct item item;
	int r = 0;

	for (size_t at = 0; at < len && r == 0; at += item.size) {
		r = item_read(sum->held + at, len - at, &item);
		if (r < 0)
			return r;
		if (is_binary(sum, &item.rec)) {
			if (fl_scan_context_beyond(&sum->context, &item.rec))
				return FL_FOLD_STOP;
			if (is_context(&item.rec))
				continue;
			return stop_at_binary(sum, &item.rec);
		}
		if (item.rec.end_off >= known) {
			keep_held(sum, at);
			return 0;
		}
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

/* Groups of lines: the last one may still have gone on when the NUL byte was seen. */
static bool is_done_before_nul(const struct fl_scan_sum *sum)
{
	uint64_t done = fl_scan_context_done_off(&sum->context);

	return sum->context.blocks && done != FL_OFF_NONE &&
	       done < fl_round_down(sum->nul_off, FL_SCAN_BINARY_BLOCK_BYTES);
}

/* With -I a NUL byte says that nothing was selected, unless all that is wanted stands before it. */
static bool is_skipped(struct fl_scan_sum *sum)
{
	if (!(sum->flags & FL_SCAN_SKIP_BINARY) || sum->nul_off == FL_OFF_NONE)
		return false;
	if (fl_scan_context_full(&sum->context) || is_done_before_nul(sum))
		return false;
	sum->selected = sum->matches = 0;
	return true;
}

static int fold_count(struct fl_scan_sum *sum, const struct fl_scan_head *head)
{
	uint64_t most = sum->context.max_count;

	sum->selected += head->selected;
	sum->matches += head->matches;
	if (is_skipped(sum))
		return FL_FOLD_STOP;
	if (most == 0 || sum->selected < most)
		return 0;
	sum->selected = most;
	return FL_FOLD_STOP;
}

/* Up to where it is known which lines are binary. */
static uint64_t known_end(const struct fl_scan_sum *sum, const struct fl_scan_head *head)
{
	/* A file of known length is there already: a block of it is not waited for. */
	bool at_once = (sum->flags & FL_SCAN_STREAMING) && sum->nul_block == 1;

	if ((sum->flags & FL_SCAN_TEXT) || at_once)
		return FL_OFF_NONE;
	return fl_round_down(head->end_off, FL_SCAN_BINARY_BLOCK_BYTES);
}

uint64_t fl_scan_sum_nul(const struct fl_scan_sum *sum)
{
	uint64_t done = fl_scan_context_done_off(&sum->context);

	if (done != FL_OFF_NONE && sum->nul_off >= fl_round_up(done + 1, sum->nul_block))
		return FL_OFF_NONE;
	return sum->nul_off;
}

/* All lines that are wanted have been told, but not yet whether a NUL byte stands in the last one's block. */
static bool awaits_nul(const struct fl_scan_sum *sum, const struct fl_scan_head *head)
{
	uint64_t done = fl_scan_context_done_off(&sum->context);

	return (sum->flags & FL_SCAN_NOTE_NUL) && !sum->binary && done != FL_OFF_NONE &&
	       head->end_off < fl_round_up(done + 1, sum->nul_block);
}

static int fold_lines(struct fl_scan_sum *sum, const struct fl_part *part,
		      const struct fl_scan_head *head)
{
	uint64_t known = known_end(sum, head);
	int flushed;
	int r = settle_held(sum, known);

	if (r == 0)
		r = fold_records(sum, part, known);
	if (r < 0)
		return r;
	sum->line += head->newlines;
	flushed = fl_scan_output_flush(&sum->output);
	if (flushed < 0)
		return flushed;
	if (is_skipped(sum))
		return FL_FOLD_STOP;
	if (fl_scan_context_full(&sum->context) && !head->goes_on)
		r = FL_FOLD_STOP;
	return r == FL_FOLD_STOP && awaits_nul(sum, head) ? 0 : r;
}

int fl_scan_sum_fold(struct fl_scan_sum *sum, const struct fl_part *part)
{
	struct fl_scan_head head;

	if (part->len == 0)
		return 0;
	if (part->len < sizeof(head))
		return -EINVAL;
	memcpy(&head, part->data, sizeof(head));
	if (head.version != FL_SCAN_PART_VERSION)
		return -EINVAL;
	sum->nul_off = fl_min_u64(sum->nul_off, head.nul_off);
	if (head.has_chain)
		sum->chain = head.chain;
	if (sum->flags & FL_SCAN_QUIET) {
		sum->selected = head.selected > 0;
		return head.selected > 0 ? FL_FOLD_STOP : 0;
	}
	if (sum->flags & FL_SCAN_COUNT)
		return fold_count(sum, &head);
	return fold_lines(sum, part, &head);
}

int fl_scan_sum_finish(struct fl_scan_sum *sum)
{
	int r = is_skipped(sum) ? 0 : settle_held(sum, FL_OFF_NONE);
	int flushed = fl_scan_output_flush(&sum->output);

	return r < 0 ? r : flushed;
}
