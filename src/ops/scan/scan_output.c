/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_output.h"

#include <string.h>

/* 20 digits of 2^64, which no number_width exceeds, and a separator */
#define NUMBER_BYTES 21

int fl_scan_output_flush(struct fl_scan_output *out)
{
	int r = 0;

	if (out->used > 0)
		r = out->write(out->arg, out->buffer, out->used);
	out->used = 0;
	return r < 0 ? r : 0;
}

static int put(struct fl_scan_output *out, const void *data, size_t len)
{
	int r;

	if (len > sizeof(out->buffer) - out->used) {
		r = fl_scan_output_flush(out);
		if (r < 0)
			return r;
	}
	if (len > sizeof(out->buffer)) {
		r = out->write(out->arg, data, len);
		return r < 0 ? r : 0;
	}
	if (len > 0)
		memcpy(out->buffer + out->used, data, len);
	out->used += len;
	return 0;
}

static int put_number(struct fl_scan_output *out, uint64_t n, char separator)
{
	char text[NUMBER_BYTES];
	size_t at = sizeof(text);

	text[--at] = separator;
	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	while (at > 0 && sizeof(text) - 1 - at < out->number_width)
		text[--at] = ' ';
	return put(out, text + at, sizeof(text) - at);
}

static int put_prefix(struct fl_scan_output *out, char separator)
{
	int r = put(out, out->prefix, strlen(out->prefix));

	if (out->flags & FL_SCAN_NULL)
		separator = '\0';
	return r < 0 ? r : put(out, &separator, 1);
}

static int put_front(struct fl_scan_output *out, const struct fl_scan_record *rec, bool context)
{
	char separator = context ? '-' : ':';
	int r = 0;

	if (out->prefix)
		r = put_prefix(out, separator);
	if (r == 0 && (out->flags & FL_SCAN_PATTERN_ID) && rec->pattern > 0)
		r = put_number(out, rec->pattern, separator);
	if (r == 0 && (out->flags & FL_SCAN_LINE_NUMBER))
		r = put_number(out, rec->line + 1, separator);
	if (r == 0 && (out->flags & FL_SCAN_COLUMN) && rec->column > 0)
		r = put_number(out, rec->column, separator);
	if (r == 0 && (out->flags & FL_SCAN_BYTE_OFFSET))
		r = put_number(out, rec->off, separator);
	return r;
}

static bool precedes(const struct fl_scan_output *out, const struct fl_scan_record *rec)
{
	return out->prefix || (out->flags & (FL_SCAN_LINE_NUMBER | FL_SCAN_BYTE_OFFSET)) ||
	       ((out->flags & FL_SCAN_PATTERN_ID) && rec->pattern > 0) ||
	       ((out->flags & FL_SCAN_COLUMN) && rec->column > 0);
}

static int put_text(struct fl_scan_output *out, const unsigned char *text, size_t len)
{
	int r = out->owes_tab && len > 0 ? put(out, "\t", 1) : 0;

	if (len > 0)
		out->owes_tab = false;
	return r < 0 ? r : put(out, text, len);
}

static int tell(struct fl_scan_output *out, const struct fl_scan_record *rec,
		const unsigned char *text, bool context)
{
	struct fl_scan_event e = {.size = sizeof(e),
				  .line = rec->line + 1,
				  .off = rec->off,
				  .column = rec->column,
				  .pattern = rec->pattern,
				  .text = (const char *)text,
				  .len = (size_t)rec->len,
				  .number_width = out->number_width};
	int r;

	e.flags |= rec->flags & FL_SCAN_RECORD_REST ? 0 : FL_SCAN_EVENT_HEAD;
	e.flags |= rec->flags & FL_SCAN_RECORD_MORE ? 0 : FL_SCAN_EVENT_TAIL;
	e.flags |= rec->flags & FL_SCAN_RECORD_MATCH ? FL_SCAN_EVENT_MATCH : 0;
	e.flags |= rec->flags & FL_SCAN_RECORD_SAME ? FL_SCAN_EVENT_SAME : 0;
	e.flags |= context ? FL_SCAN_EVENT_CONTEXT : 0;
	e.flags |= rec->flags & FL_SCAN_RECORD_OPEN ? FL_SCAN_EVENT_OPEN : 0;
	e.flags |= rec->flags & FL_SCAN_RECORD_BLOCK ? FL_SCAN_EVENT_BLOCK : 0;
	r = out->event(out->arg, &e);
	if (r < 0)
		out->error_off = rec->begin_off;
	return r < 0 ? r : 0;
}

int fl_scan_output_record(struct fl_scan_output *out, const struct fl_scan_record *rec,
			  const unsigned char *text, bool context)
{
	int r = 0;

	if (out->event)
		return tell(out, rec, text, context);
	if (!(rec->flags & FL_SCAN_RECORD_REST)) {
		r = put_front(out, rec, context);
		out->owes_tab = (out->flags & FL_SCAN_INITIAL_TAB) && precedes(out, rec);
	}
	if (r == 0)
		r = put_text(out, text, (size_t)rec->len);
	if (r == 0 && !(rec->flags & FL_SCAN_RECORD_MORE))
		r = put(out, &out->eol, 1);
	return r;
}

int fl_scan_output_gap(struct fl_scan_output *out)
{
	struct fl_scan_event e = {.size = sizeof(e), .flags = FL_SCAN_EVENT_GAP};
	int r;

	if (!out->event)
		return out->flags & FL_SCAN_CRLF ? put(out, "--\r\n", 4) : put(out, "--\n", 3);
	r = out->event(out->arg, &e);
	return r < 0 ? r : 0;
}
