/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_EDIT_TEMPLATE_H
#define FL_OPS_TRANSFORM_EDIT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include <faultline/error.h>

#include "ops/transform/delta.h"
#include "ops/transform/edit_regex.h"

/** enum fl_piece_kind - what a piece of a replacement adds */
enum fl_piece_kind {
	FL_PIECE_TEXT,  /* its bytes */
	FL_PIECE_GROUP, /* what group number @group matched; 0 = the match */
	FL_PIECE_CASE   /* nothing; from here on letters change */
};

/**
 * struct fl_piece - a piece of a replacement
 * @mode: CASE: 'U', 'L', 'E' until the next of them; 'u', 'l' for one letter
 */
struct fl_piece {
	enum fl_piece_kind kind;
	size_t text_off;
	size_t text_len;
	unsigned group;
	char mode;
};

/**
 * struct fl_template - a replacement, read
 * @text:  the bytes of all FL_PIECE_TEXT pieces
 * @plain: nothing but text
 */
struct fl_template {
	struct fl_piece *pieces;
	size_t count;
	char *text;
	size_t text_len;
	bool plain;
};

/**
 * fl_template_init() - read a replacement
 * @p: what stands between the delimiters of s///, which is @end
 * @groups: of the regex
 *
 * & and \0 and $0 and $& are the match, \1 to \9, $1 and so on and ${1} groups; \n \t \r \f \v \a
 * as in C; \U \L \E \u \l change letters; any other character behind a backslash is itself; so is
 * a newline.
 * Return: 0; -EINVAL with the reason; -ENOMEM.
 */
int fl_template_init(struct fl_template *t, const char *p, size_t len, uint32_t groups,
		     struct fl_error *reterr);

/** fl_template_done() - all zero is fine */
void fl_template_done(struct fl_template *t);

/**
 * fl_template_expand() - the replacement of one match, into the list's next room
 * @subject: in which @pairs of offsets count
 * @ret_len: bytes
 * Return: 0; -ENOMEM; -FL_ELIMIT.
 */
int fl_template_expand(const struct fl_template *t, const unsigned char *subject,
		       const PCRE2_SIZE *pairs, struct fl_deltas *out, size_t *ret_len);

#endif
