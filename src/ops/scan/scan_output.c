/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_output.h"

#include <string.h>

#include <faultline/scan.h>

/* 20 digits of 2^64 and a colon */
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

static int put_number(struct fl_scan_output *out, uint64_t n)
{
	char text[NUMBER_BYTES];
	size_t at = sizeof(text);

	text[--at] = ':';
	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return put(out, text + at, sizeof(text) - at);
}

static int put_front(struct fl_scan_output *out, const struct fl_scan_record *rec)
{
	int r = 0;

	if (out->prefix)
		r = put(out, out->prefix, strlen(out->prefix));
	if (r == 0 && (out->flags & FL_SCAN_LINE_NUMBER))
		r = put_number(out, rec->line + 1);
	if (r == 0 && (out->flags & FL_SCAN_BYTE_OFFSET))
		r = put_number(out, rec->off);
	return r;
}

int fl_scan_output_record(struct fl_scan_output *out, const struct fl_scan_record *rec,
			  const unsigned char *text)
{
	int r = 0;

	if (!(rec->flags & FL_SCAN_RECORD_REST))
		r = put_front(out, rec);
	if (r == 0)
		r = put(out, text, (size_t)rec->len);
	if (r == 0 && !(rec->flags & FL_SCAN_RECORD_MORE))
		r = put(out, &out->eol, 1);
	return r;
}
