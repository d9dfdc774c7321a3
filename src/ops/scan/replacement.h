/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_REPLACEMENT_H
#define FL_OPS_SCAN_REPLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/scan/match.h"

/* A piece that is text, not a group; no group has this number: pcre2limits(3) allows 65535. */
#define FL_REPLACEMENT_TEXT UINT32_MAX
/* A group that the pattern does not have: nothing stands for it. */
#define FL_REPLACEMENT_NONE (UINT32_MAX - 1)

/**
 * struct fl_replacement_piece - text, or what a group matched
 * @group: its number, FL_REPLACEMENT_TEXT or FL_REPLACEMENT_NONE
 * @text:  @len bytes: the text, or the group's name as it was written
 */
struct fl_replacement_piece {
	uint32_t group;
	const char *text;
	size_t len;
};

/**
 * struct fl_replacement - what is written in place of a match; constant after init
 * @text:   owned; the pieces point into it
 * @pieces: @count of them
 * @groups: the highest number of a group in it
 */
struct fl_replacement {
	char *text;
	struct fl_replacement_piece *pieces;
	size_t count;
	uint32_t groups;
};

/**
 * fl_replacement_init() - read ripgrep's syntax: $1, $name, ${name}, $$
 * @text: @len bytes
 *
 * A name is as long as it can be: $1a is the group "1a". A $ that begins none of these stands for
 * itself.
 * Return: 0; -ENOMEM.
 */
int fl_replacement_init(struct fl_replacement *t, const char *text, size_t len);

/** fl_replacement_resolve() - look the names up; @re may have no program: then there are no groups */
void fl_replacement_resolve(struct fl_replacement *t, const struct fl_regex *re);

/** fl_replacement_done() - free; all zero is fine */
void fl_replacement_done(struct fl_replacement *t);

#endif
