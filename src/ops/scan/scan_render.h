/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_RENDER_H
#define FL_OPS_SCAN_SCAN_RENDER_H

#include "ops/scan/scan_emit.h"

/**
 * DOC: A line as it is to be seen: in pieces where matches are told apart, with other text in place
 * of its matches, or with a notice in place of itself where it is too long (ripgrep's --replace,
 * --max-columns and --max-columns-preview).
 */

/**
 * fl_scan_render() - append a line
 * @rec: its record, the first of the line
 * Return: as fl_scan_emit_bytes(); errors of matching.
 */
int fl_scan_render(struct fl_scan_mapping *m, struct fl_scan_record *rec,
		   const struct fl_span *line);

/** fl_scan_render_match() - append a match by itself; called while fl_search_each() tells it */
int fl_scan_render_match(struct fl_scan_mapping *m, struct fl_scan_record *rec,
			 const struct fl_span *match);

#endif
