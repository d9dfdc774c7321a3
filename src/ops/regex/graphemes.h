/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_REGEX_GRAPHEMES_H
#define FL_OPS_REGEX_GRAPHEMES_H

#include <stddef.h>
#include <stdint.h>

#include "ops/regex/pcre.h"

/**
 * DOC: What a reader takes for one character: extended grapheme clusters (Unicode Standard Annex 29), as
 * PCRE2's \X finds them. A piece of a character that is not complete counts as one, as in ripgrep.
 */

/* Longer clusters are counted in pieces: none of any script has more than some dozens of bytes. */
#define FL_GRAPHEME_TEXT_BYTES 4096

/**
 * struct fl_graphemes - looking for the first clusters of a text that comes in pieces
 * @left:  so many are still to be found; set by the caller
 * @bytes: that the ones found take
 * @len:   bytes of @text that wait
 * @code, @data: made when the first character beyond ASCII comes
 * @error: 0, or what fl_graphemes_end() will return
 */
struct fl_graphemes {
	uint64_t left;
	uint64_t bytes;
	size_t len;
	pcre2_code *code;
	pcre2_match_data *data;
	int error;
	unsigned char text[FL_GRAPHEME_TEXT_BYTES];
};

/** fl_graphemes_init() - for the first @count clusters */
void fl_graphemes_init(struct fl_graphemes *g, uint64_t count);

/** fl_graphemes_add() - the next piece of the text */
void fl_graphemes_add(struct fl_graphemes *g, const unsigned char *p, size_t len);

/** fl_graphemes_end() - that was all; free. Return: 0, with the bytes of the first clusters; -ENOMEM. */
int fl_graphemes_end(struct fl_graphemes *g, uint64_t *ret_bytes);

#endif
