/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_REGEX_PCRE_H
#define FL_OPS_REGEX_PCRE_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

#include "window/gather.h"

/**
 * DOC: what every user of PCRE2 in here needs: programs, a thread's means of matching, copies of
 * text that stay as they are, and one meaning of PCRE2's answers.
 */

/**
 * struct fl_pcre_source - a pattern, @len bytes, to be compiled
 * @flags:  PCRE2's compile options
 * @tables: of a locale (pcre2_maketables(3)), or NULL; must outlive the program
 */
struct fl_pcre_source {
	const char *text;
	size_t len;
	uint32_t flags;
	const uint8_t *tables;
};

/**
 * fl_pcre_compile() - with "\n" as the line end, and for the JIT where there is one
 * Return: 0; -EINVAL with PCRE2's message and @reterr->off = where in the pattern; -ENOMEM.
 */
int fl_pcre_compile(const struct fl_pcre_source *src, pcre2_code **ret, struct fl_error *reterr);

/**
 * fl_pcre_jit_may_be_wrong() - for text that is not valid UTF-8
 *
 * PCRE2 10.42's JIT is wrong for PCRE2_MATCH_INVALID_UTF with \W, \D, \S on characters beyond
 * ASCII; then the interpreter must match.
 */
bool fl_pcre_jit_may_be_wrong(const char *pattern, size_t len);

/* What one thread needs to match. */
struct fl_pcre_means {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
};

/** fl_pcre_means_init() - for @groups groups beside the whole match. Return: 0; -ENOMEM. */
int fl_pcre_means_init(struct fl_pcre_means *m, uint32_t groups);

/** fl_pcre_means_done() - free; all zero is fine */
void fl_pcre_means_done(struct fl_pcre_means *m);

/**
 * struct fl_pcre_subject - text made ready for matching
 * @code:    the program for it
 * @options: of each match
 * @jitted:  the program has passed through the JIT, and there are no options: what pcre2_match(3) would
 *           look at first is known
 */
struct fl_pcre_subject {
	const unsigned char *p;
	size_t len;
	const pcre2_code *code;
	uint32_t options;
	bool jitted;
};

/** fl_pcre_is_jitted() - is there code of the JIT's for it? NULL: no */
bool fl_pcre_is_jitted(const pcre2_code *code);

/**
 * fl_pcre_match() - the first match at or behind @from; groups are in @m->data
 * Return: groups that are set, >= 1; 0 for none; -FL_ELIMIT when PCRE2's limits are exceeded;
 * -ENOMEM; -EINVAL for what should not happen.
 */
int fl_pcre_match(struct fl_pcre_means *m, const struct fl_pcre_subject *s, size_t from,
		  uint32_t options);

/**
 * fl_pcre_answer() - what pcre2_match(3) or pcre2_dfa_match(3) returned
 * Return: as fl_pcre_match(); @r where that is positive.
 */
int fl_pcre_answer(int r);

/* Longer texts are copied into a temporary file, or they would break the memory limit. */
#define FL_PCRE_COPY_MAX_BYTES ((size_t)1 << 20)

/**
 * struct fl_pcre_copy - bytes that nobody else can change; grows, is used again
 * @is_gathering: @gathered, of which a long text is, has been initialized
 */
struct fl_pcre_copy {
	unsigned char *bytes;
	size_t size;
	struct fl_gather gathered;
	bool is_gathering;
};

/**
 * fl_pcre_keep_stable() - a private copy of @p
 *
 * PCRE2 takes for granted that text it was promised to be valid UTF-8 stays so; in a mapped file
 * it may not. A line end stands behind the copy, as in grep's buffer: PCRE2 10.42's JIT looks past
 * the end of a text that is not valid ("\b" at the end of "\xff" depends on the byte after it).
 * Return: 0; -ENOMEM; -errno from the temporary file (ENOSPC ...).
 */
int fl_pcre_keep_stable(struct fl_pcre_copy *copy, const unsigned char *p, size_t len,
			const unsigned char **ret);

/** fl_pcre_copy_drop() - a long text is not needed any more: its temporary file goes */
void fl_pcre_copy_drop(struct fl_pcre_copy *copy);

/** fl_pcre_copy_done() - free; all zero is fine */
void fl_pcre_copy_done(struct fl_pcre_copy *copy);

#endif
