/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_CONTEXT_H
#define FL_OPS_SCAN_SCAN_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/scan/scan_record.h"

/* What becomes of a line. */
enum fl_scan_fate {
	FL_SCAN_DROP,
	FL_SCAN_KEEP,       /* it may stand before a selected line: fl_scan_kept_add() */
	FL_SCAN_PRINT,      /* a selected line */
	FL_SCAN_PRINT_NEAR, /* context behind a selected line */
	FL_SCAN_STOP        /* no more lines are wanted */
};

/**
 * struct fl_scan_context - which lines are printed; fed in file order, by the fold
 * @before, @after, @everything: what was asked for; the caller's to set
 * @max_count:  selected lines, 0 = no limit; the caller's to set
 * @blocks:     lines that adjoin count as one; the caller's to set
 * @matches:    what is counted up to max_count are matches, of whole blocks, as in ripgrep; the caller's to set
 * @selected:   lines so far
 * @selected_end: where the last one ends, or FL_OFF_NONE
 * @after_left: lines behind the last selected one that are still to be printed
 * @last_end:   where the last printed line of this run ends, or FL_OFF_NONE
 * @any:        a line was printed, in this run or one before
 * @fate:       of the line that is going on
 * @more:       another piece of it will come
 * @bytes:      lines that are kept, as records and texts: the last @before lines that were seen
 * @begin, @len, @size: of @bytes
 * @lines:      kept
 */
struct fl_scan_context {
	uint64_t before;
	uint64_t after;
	bool everything;
	uint64_t max_count;
	bool blocks;
	bool matches;
	uint64_t selected;
	uint64_t selected_end;
	uint64_t after_left;
	uint64_t last_end;
	bool any;
	enum fl_scan_fate fate;
	bool more;
	unsigned char *bytes;
	size_t begin;
	size_t len;
	size_t size;
	uint64_t lines;
};

void fl_scan_context_start(struct fl_scan_context *c);
void fl_scan_context_done(struct fl_scan_context *c);

/** fl_scan_context_fate() - of the next record's line; counts it if it is selected */
enum fl_scan_fate fl_scan_context_fate(struct fl_scan_context *c, const struct fl_scan_record *rec);

/** fl_scan_context_full() - max_count was reached, and what is behind has been printed, too */
bool fl_scan_context_full(const struct fl_scan_context *c);

/** fl_scan_context_done_off() - the end of the last line that max_count allows, or FL_OFF_NONE */
uint64_t fl_scan_context_done_off(const struct fl_scan_context *c);

/** fl_scan_context_beyond() - all groups of lines that max_count allows have ended before this record */
bool fl_scan_context_beyond(const struct fl_scan_context *c, const struct fl_scan_record *rec);

/** fl_scan_context_last() - a line that ends at @end_off is selected, and nothing is told of it, nor of what follows */
void fl_scan_context_last(struct fl_scan_context *c, uint64_t end_off);

/** fl_scan_context_gap() - the last line printed is not the one before that at @off? */
bool fl_scan_context_gap(const struct fl_scan_context *c, uint64_t off);

/** fl_scan_context_printed() - a line that ends at @end_off was */
void fl_scan_context_printed(struct fl_scan_context *c, uint64_t end_off);

/** fl_scan_kept_add() - keep a record; the oldest lines go. Return: 0; -ENOMEM. */
int fl_scan_kept_add(struct fl_scan_context *c, const struct fl_scan_record *rec,
		     const unsigned char *text);

/**
 * fl_scan_kept_take() - the oldest record that is kept, and no longer is
 * @ret_text: valid until the next one is added
 * Return: whether there was one.
 */
bool fl_scan_kept_take(struct fl_scan_context *c, struct fl_scan_record *ret,
		       const unsigned char **ret_text);

#endif
