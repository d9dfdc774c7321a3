/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_EMIT_H
#define FL_OPS_SCAN_SCAN_EMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "ops/scan/scan_map.h"
#include "ops/scan/scan_record.h"
#include "ops/scan/search.h"

/**
 * struct fl_scan_mapping - one call of map
 * @head:    the part's, kept here until the end
 * @own:     bytes of the view proper: what follows in @in is only in sight (FL_SCAN_MULTI)
 * @search:  in the view
 * @counts:  line ends in each of the view's first @blocks blocks of FL_COUNT_BLOCK_BYTES
 * @counted: line ends before this place in the view are in head.newlines
 * @emitted: lines before this place have been selected, or handed on as context, or are neither
 * @in_matches: what is emitted are the matches of one line
 * @is_told: reterr says what is wrong
 */
struct fl_scan_mapping {
	const struct fl_scan_job *job;
	const struct fl_view *in;
	struct fl_part *part;
	struct fl_error *reterr;
	size_t own;
	struct fl_scan_head head;
	struct fl_search search;
	const uint16_t *counts;
	size_t blocks;
	size_t counted;
	size_t emitted;
	bool in_matches;
	bool is_told;
};

/** fl_scan_head_open() - read or begin the part's head. Return: 0; -ENOMEM; -EINVAL. */
int fl_scan_head_open(struct fl_scan_mapping *m);

/** fl_scan_head_close() - write it back */
void fl_scan_head_close(struct fl_scan_mapping *m);

/** fl_scan_count_newlines() - into the head, up to @to, if they matter */
void fl_scan_count_newlines(struct fl_scan_mapping *m, size_t to);

/**
 * fl_scan_emit_line() - append a selected line, or what matches in it
 *
 * May have the part folded (fl_part_flush()) when it is full.
 * Return: 0, with head.closed set when no more is wanted; errors of matching and folding.
 */
int fl_scan_emit_line(struct fl_scan_mapping *m, const struct fl_span *line);

/**
 * fl_scan_emit_block() - append lines at once, the end of the last one included, and what matches
 *
 * For FL_SCAN_BLOCKS. Return: as above.
 */
int fl_scan_emit_block(struct fl_scan_mapping *m, const struct fl_span *lines);

/**
 * fl_scan_emit_count() - append a line of which only the number of matches is told
 * Return: 1; 0 when no more is wanted; an error.
 */
int fl_scan_emit_count(struct fl_scan_mapping *m, const struct fl_span *line, uint64_t matches);

/** fl_scan_wants_counts() - no part needs more lines than max_count lets count */
bool fl_scan_wants_counts(const struct fl_scan_mapping *m);

/**
 * fl_scan_emit_gap_counts() - append each of the lines in [pos, end), in which nothing matches, while wanted
 * Return: 0; an error.
 */
int fl_scan_emit_gap_counts(struct fl_scan_mapping *m, size_t pos, size_t end);

/**
 * fl_scan_hand_on() - have what there is folded; afterwards all parts before have been, too
 * Return: 0; 1 when nothing of what follows can matter; an error.
 */
int fl_scan_hand_on(struct fl_scan_mapping *m);

/** struct fl_scan_bytes - text to be printed, of which the line says it stands at @off in the file */
struct fl_scan_bytes {
	const unsigned char *p;
	size_t len;
	uint64_t off;
};

/**
 * fl_scan_emit_bytes() - append text, in as many records as it takes
 * @rec:  of the line; the next text of it goes on with the same
 * @more: FL_SCAN_RECORD_MORE: it will; 0: the line ends here
 * Return: 0; 1 when nothing of what follows can matter; an error.
 */
int fl_scan_emit_bytes(struct fl_scan_mapping *m, struct fl_scan_record *rec,
		       const struct fl_scan_bytes *text, uint64_t more);

/** fl_scan_emit_span() - the same for a part of the view */
int fl_scan_emit_span(struct fl_scan_mapping *m, struct fl_scan_record *rec,
		      const struct fl_span *text, uint64_t more);

/** fl_scan_has_matches() - are there any in a line whose record has these flags? */
bool fl_scan_has_matches(const struct fl_scan_mapping *m, uint64_t flags);

/** fl_scan_pattern_of_match() - of the match that fl_search_each() just told; 0: not asked for */
uint64_t fl_scan_pattern_of_match(const struct fl_scan_mapping *m);

/** fl_scan_emit_context() - append a line that is not selected. Return: as above. */
int fl_scan_emit_context(struct fl_scan_mapping *m, const struct fl_span *line);

#endif
