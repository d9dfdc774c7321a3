/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_LINES_LINES_IMPL_H
#define FL_OPS_LINES_LINES_IMPL_H

#include <stdbool.h>

#include <faultline/lines.h>

/**
 * struct fl_lines_piece - head of what a part holds again and again, followed by @len bytes
 * @ends: delimiters in the bytes
 */
struct fl_lines_piece {
	uint64_t len;
	uint64_t ends;
};

/**
 * struct fl_lines_last - the end of what has been seen
 * @data:  @len bytes from @begin on are kept; what is before @begin is dropped at times
 * @ends:  delimiters in them
 */
struct fl_lines_last {
	unsigned char *data;
	size_t begin;
	size_t len;
	size_t capacity;
	uint64_t ends;
};

/**
 * struct fl_lines
 * @line:      number of the line that the next byte belongs to
 * @at:        offset of the next byte, where the run's input begins at @begin
 */
struct fl_lines {
	struct fl_operator ops;
	struct fl_lines_options opt;
	unsigned char delimiter;
	uint64_t threshold;
	uint64_t begin;
	uint64_t line;
	struct fl_lines_last last;
};

/** fl_lines_map() - copies the view in pieces; with FL_LINES_FRACTION, the lines that were drawn */
int fl_lines_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		 struct fl_error *reterr);

/** fl_lines_last_add() - keep no more than the last @lines lines. Return: 0; -ENOMEM; -FL_ELIMIT. */
int fl_lines_last_add(struct fl_lines *l, const unsigned char *data,
		      const struct fl_lines_piece *piece, struct fl_error *reterr);

/** fl_lines_last_finish() - hand on what is kept. Return: what write returned. */
int fl_lines_last_finish(struct fl_lines *l);

#endif
