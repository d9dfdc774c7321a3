/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_SELECT_H
#define FL_OPS_SCAN_SCAN_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "ops/scan/scan_emit.h"

/** fl_scan_wants_text() - are lines printed, not only counted? */
bool fl_scan_wants_text(const struct fl_scan_job *job);

/** fl_scan_wants_context() - and others beside those that are selected? */
bool fl_scan_wants_context(const struct fl_scan_job *job);

/**
 * fl_scan_select_context() - nothing before @end that has not been emitted is selected: emit what
 * may stand near selected lines
 * Return: as fl_scan_emit_line().
 */
int fl_scan_select_context(struct fl_scan_mapping *m, size_t end);

/** fl_scan_select_line() - this line is selected: emit it, and its context. Return: as above. */
int fl_scan_select_line(struct fl_scan_mapping *m, const struct fl_span *line);

/** fl_scan_select_gap() - all lines in [pos, end) are. Return: as above. */
int fl_scan_select_gap(struct fl_scan_mapping *m, size_t pos, size_t end);

/** fl_scan_tell() - set reterr for an error at a place in the view, unless it is. Return: @code. */
int fl_scan_tell(const struct fl_scan_mapping *m, int code, size_t pos, struct fl_error *reterr);

#endif
