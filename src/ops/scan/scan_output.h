/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_OUTPUT_H
#define FL_OPS_SCAN_SCAN_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <faultline/scan.h>

#include "ops/scan/scan_record.h"

/* One write(2) to a pipe can take as much (pipe(7): capacity 65,536). */
#define FL_SCAN_OUTPUT_BYTES 65536

/**
 * struct fl_scan_output - formats records as grep does and hands them on in
 * large pieces, or as they are to @event
 * @error_off: of the line that @event refused
 * @prefix: file name, or NULL
 * @flags:  FL_SCAN_LINE_NUMBER, FL_SCAN_BYTE_OFFSET, FL_SCAN_COLUMN, FL_SCAN_PATTERN_ID, FL_SCAN_NULL,
 *          FL_SCAN_INITIAL_TAB
 * @number_width: see struct fl_scan_event
 * @owes_tab: something precedes the line, but nothing of itself has been written yet
 */
struct fl_scan_output {
	int (*write)(void *arg, const void *data, size_t len);
	int (*event)(void *arg, const struct fl_scan_event *event);
	void *arg;
	uint64_t error_off;
	const char *prefix;
	unsigned flags;
	unsigned number_width;
	bool owes_tab;
	char eol;
	size_t used;
	char buffer[FL_SCAN_OUTPUT_BYTES];
};

/**
 * fl_scan_output_record() - add one line, or a piece of one
 * @context: the line is not selected
 * Return: 0; what write or event returned.
 */
int fl_scan_output_record(struct fl_scan_output *out, const struct fl_scan_record *rec,
			  const unsigned char *text, bool context);

/** fl_scan_output_gap() - lines were left out. Return: as above. */
int fl_scan_output_gap(struct fl_scan_output *out);

/** fl_scan_output_flush() - hand on what is there. Return: 0; what write returned. */
int fl_scan_output_flush(struct fl_scan_output *out);

#endif
