/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_REGEX_STREAMS_BLOCK_H
#define FL_OPS_REGEX_STREAMS_BLOCK_H

#include "ops/regex/regex_streams.h"

/** DOC: Texts in blocks of lines (streams_find.c), for what looks through them. */

/**
 * struct fl_streams_block - lines that are looked at together
 * @data: @len bytes: lines, the last one with its end unless it is the text's last
 * @off:  of them in the text
 */
struct fl_streams_block {
	const unsigned char *data;
	size_t len;
	size_t off;
	size_t words;
};

/**
 * fl_streams_next_block() - the lines at *@pos < @len, and the program's streams of them
 * Return: 1; 0: one line that is too long for a block; *@pos is behind it.
 */
int fl_streams_next_block(const struct fl_stream_program *prog, struct fl_streams_lane *lane,
			  const unsigned char *data, size_t len, size_t *pos,
			  struct fl_streams_block *ret);

/** fl_streams_add() - put a line into the lane. Return: 0; -ENOMEM. */
int fl_streams_add(struct fl_streams_lane *lane, struct fl_stream_line line);

#endif
