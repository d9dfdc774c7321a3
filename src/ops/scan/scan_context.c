/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void fl_scan_context_start(struct fl_scan_context *c)
{
	c->selected = 0;
	c->selected_end = FL_OFF_NONE;
	c->after_left = 0;
	c->last_end = FL_OFF_NONE;
	c->fate = FL_SCAN_DROP;
	c->more = false;
	c->begin = c->len = 0;
	c->lines = 0;
}

void fl_scan_context_done(struct fl_scan_context *c)
{
	free(c->bytes);
	c->bytes = NULL;
	c->size = 0;
	fl_scan_context_start(c);
}

static bool is_done(const struct fl_scan_context *c)
{
	return c->max_count > 0 && c->selected >= c->max_count;
}

bool fl_scan_context_full(const struct fl_scan_context *c)
{
	return is_done(c) && !c->blocks && c->after_left == 0 && !c->more && !c->everything;
}

uint64_t fl_scan_context_done_off(const struct fl_scan_context *c)
{
	return is_done(c) ? c->selected_end : FL_OFF_NONE;
}

void fl_scan_context_last(struct fl_scan_context *c, uint64_t end_off)
{
	c->selected++;
	c->selected_end = end_off;
}

bool fl_scan_context_gap(const struct fl_scan_context *c, uint64_t off)
{
	return c->any && (c->last_end == FL_OFF_NONE || off > c->last_end + 1);
}

void fl_scan_context_printed(struct fl_scan_context *c, uint64_t end_off)
{
	c->any = true;
	c->last_end = end_off;
}

/* The lines of a match, and of others that adjoin, count as one. */
static bool goes_on(const struct fl_scan_context *c, const struct fl_scan_record *rec)
{
	return c->blocks && c->selected_end != FL_OFF_NONE && rec->begin_off <= c->selected_end + 1;
}

bool fl_scan_context_beyond(const struct fl_scan_context *c, const struct fl_scan_record *rec)
{
	return c->blocks && is_done(c) && !goes_on(c, rec);
}

/* Behind the last line that is wanted, selected ones are context, too, as in grep. */
static enum fl_scan_fate fate_of(struct fl_scan_context *c, const struct fl_scan_record *rec)
{
	bool selected = !(rec->flags & FL_SCAN_RECORD_CONTEXT);

	if (selected && (!is_done(c) || goes_on(c, rec))) {
		c->selected += c->matches ? rec->matches : !goes_on(c, rec);
		c->selected_end = rec->end_off;
		/* What is not text is not printed, and has no surroundings. */
		if (!(rec->flags & FL_SCAN_RECORD_BAD))
			c->after_left = c->after;
		return FL_SCAN_PRINT;
	}
	if (c->everything)
		return FL_SCAN_PRINT_NEAR;
	if (fl_scan_context_gap(c, rec->begin_off))
		c->after_left = 0;
	if (c->after_left > 0 && c->last_end != FL_OFF_NONE) {
		c->after_left--;
		return FL_SCAN_PRINT_NEAR;
	}
	if (is_done(c))
		return FL_SCAN_STOP;
	return c->before > 0 ? FL_SCAN_KEEP : FL_SCAN_DROP;
}

enum fl_scan_fate fl_scan_context_fate(struct fl_scan_context *c, const struct fl_scan_record *rec)
{
	if (rec->flags & FL_SCAN_RECORD_LINE)
		c->fate = fate_of(c, rec);
	c->more = (rec->flags & FL_SCAN_RECORD_MORE) != 0;
	return c->fate;
}

bool fl_scan_kept_take(struct fl_scan_context *c, struct fl_scan_record *ret,
		       const unsigned char **ret_text)
{
	if (c->begin == c->len)
		return false;
	memcpy(ret, c->bytes + c->begin, sizeof(*ret));
	*ret_text = c->bytes + c->begin + sizeof(*ret);
	c->begin += sizeof(*ret) + (size_t)ret->len;
	c->lines -= (ret->flags & FL_SCAN_RECORD_LINE) != 0;
	return true;
}

/* A line's records go together: pieces of it, or its matches. */
static void drop_oldest(struct fl_scan_context *c)
{
	struct fl_scan_record rec;
	const unsigned char *text;

	if (!fl_scan_kept_take(c, &rec, &text))
		return;
	while (c->begin < c->len) {
		memcpy(&rec, c->bytes + c->begin, sizeof(rec));
		if (rec.flags & FL_SCAN_RECORD_LINE)
			return;
		fl_scan_kept_take(c, &rec, &text);
	}
}

/* Room for @n more bytes: first where taken ones stood, so that each byte is moved seldom. */
static int reserve(struct fl_scan_context *c, size_t n)
{
	unsigned char *bytes;
	size_t size;

	if (n <= c->size - c->len)
		return 0;
	if (c->begin >= c->size / 2 && c->begin > 0) {
		memmove(c->bytes, c->bytes + c->begin, c->len - c->begin);
		c->len -= c->begin;
		c->begin = 0;
		if (n <= c->size - c->len)
			return 0;
	}
	size = 2 * (c->len + n);
	bytes = realloc(c->bytes, size);
	if (!bytes)
		return -ENOMEM;
	c->bytes = bytes;
	c->size = size;
	return 0;
}

int fl_scan_kept_add(struct fl_scan_context *c, const struct fl_scan_record *rec,
		     const unsigned char *text)
{
	int r;

	if (rec->flags & FL_SCAN_RECORD_LINE) {
		if (c->lines == c->before)
			drop_oldest(c);
		c->lines++;
	}
	if (c->begin == c->len)
		c->begin = c->len = 0;
	r = reserve(c, sizeof(*rec) + (size_t)rec->len);
	if (r < 0)
		return r;
	memcpy(c->bytes + c->len, rec, sizeof(*rec));
	if (rec->len > 0)
		memcpy(c->bytes + c->len + sizeof(*rec), text, (size_t)rec->len);
	c->len += sizeof(*rec) + (size_t)rec->len;
	return 0;
}
