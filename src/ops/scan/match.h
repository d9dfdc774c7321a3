/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_MATCH_H
#define FL_OPS_SCAN_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

#include "kern/utf8.h"
#include "ops/regex/pcre.h"
#include "ops/scan/longest.h"

/**
 * DOC: PCRE2, one line at a time, as GNU grep 3.8 -P uses it.
 *
 * In a UTF-8 locale a line of ASCII bytes is matched as bytes; another one is
 * copied first, since PCRE2 takes for granted that text it was promised to be
 * valid stays so, then checked, and matched as UTF-8. A line that is not valid
 * goes to a program that sees its broken bytes as barriers.
 */

/**
 * struct fl_regex - the compiled programs of one pattern; constant, any thread
 * @bytes: for bytes, or for ASCII text in a UTF-8 locale; NULL if the pattern has no such form
 * @utf:   for valid UTF-8; NULL where characters are bytes
 * @whole: as @bytes, over many lines at once, or NULL
 * @lead:  as @bytes, but for matches at the very beginning of a text without newlines; or NULL
 * @leads: it is wanted
 * @whole_text: its pattern; the caller's; NULL = never over many lines
 * @flags: PCRE2_CASELESS or 0
 * @longest: of the matches that begin at one place fl_matcher_find_told() finds the longest
 * @begins_broken: a line begins before a byte that is no text, too, as for grep's own matchers; to grep -P it
 *           does not
 * @groups: the highest number of a group that fl_matcher_group() will be asked for
 */
struct fl_regex {
	const char *text;
	size_t text_len;
	const char *whole_text;
	size_t whole_len;
	uint32_t flags;
	uint32_t groups;
	bool is_utf;
	bool leads;
	bool longest;
	bool begins_broken;
	bool lead_is_jitted;
	pcre2_code *bytes;
	pcre2_code *utf;
	pcre2_code *whole;
	pcre2_code *lead;
	const uint8_t *tables;
};

/**
 * fl_regex_init() - compile; text, whole_text, flags, leads and is_utf are set by the
 * caller, whose texts must outlive the regex
 * Return: 0; -EINVAL with the compiler's message; -ENOMEM.
 */
int fl_regex_init(struct fl_regex *re, struct fl_error *reterr);

/** fl_regex_done() - free the programs; all zero is fine */
void fl_regex_done(struct fl_regex *re);

/**
 * struct fl_matcher - what one thread needs to match
 *
 * @whole_utf and @broken are compiled when first needed: few texts need them.
 * @kept: the copy of a long line, @kept_len bytes that stood at @kept_from: it is asked for again and again while
 *        its view is looked at
 * @base: what PCRE2 was given begins here in the line
 * @valid_end: of a line that is not valid: up to there it is, from the last match's beginning on
 */
struct fl_matcher {
	const struct fl_regex *re;
	struct fl_pcre_means means;
	pcre2_code *whole_utf;
	pcre2_code *broken;
	struct fl_pcre_copy line_copy;
	struct fl_pcre_copy whole_copy;
	const unsigned char *kept;
	const unsigned char *kept_from;
	size_t kept_len;
	size_t base;
	struct fl_longest longest;
	size_t valid_end;
};

/** fl_matcher_init() - Return: 0; -ENOMEM. */
int fl_matcher_init(struct fl_matcher *m, const struct fl_regex *re);

/** fl_matcher_done() - free; all zero is fine */
void fl_matcher_done(struct fl_matcher *m);

/** fl_matcher_forget() - the lines to come are others than those before, wherever they stand */
void fl_matcher_forget(struct fl_matcher *m);

struct fl_span {
	size_t begin;
	size_t end;
};

/**
 * fl_matcher_line() - make a line, without its end, ready
 * Lifetime: @ret until the next line from the same matcher. Return: 0; errors of fl_pcre_keep_stable().
 */
int fl_matcher_line(struct fl_matcher *m, const unsigned char *p, size_t len,
		    struct fl_pcre_subject *ret);

/* fl_matcher_begins(): ask another way. */
#define FL_MATCHER_UNKNOWN 2

/**
 * fl_matcher_begins() - does a match begin with the first of these bytes?
 * @p: @len bytes of a line, up to its end, without a newline; what stands before them must be nothing
 *     to the pattern
 * Return: 1; 0; FL_MATCHER_UNKNOWN: no program, or characters beyond ASCII; errors of
 * fl_matcher_find().
 */
int fl_matcher_begins(struct fl_matcher *m, const unsigned char *p, size_t len);

/**
 * fl_matcher_whole() - make many lines ready to be searched at once
 * Lifetime: @ret until the next of this kind from the same matcher.
 * Return: 1; 0 if this text must be searched line by line; -ENOMEM.
 */
int fl_matcher_whole(struct fl_matcher *m, const unsigned char *p, size_t len,
		     struct fl_pcre_subject *ret);

/**
 * fl_matcher_find() - the leftmost match in a line at or after @from
 *
 * Continuation bytes at @from are skipped, as grep does when it goes on after
 * an empty match.
 *
 * Return: 1; 0 for none; -FL_ELIMIT when PCRE2's limits are exceeded; -ENOMEM;
 * -EINVAL for what should not happen.
 */
int fl_matcher_find(struct fl_matcher *m, const struct fl_pcre_subject *line, size_t from,
		    struct fl_span *ret);

/** fl_matcher_find_told() - the same, where somebody will be told where the match ends */
int fl_matcher_find_told(struct fl_matcher *m, const struct fl_pcre_subject *line, size_t from,
			 struct fl_span *ret);

/**
 * fl_matcher_group() - what a group matched, after fl_matcher_find() found something
 * @group: 0 = the match, or at most the regex's @groups
 * Return: false: it took no part.
 */
bool fl_matcher_group(const struct fl_matcher *m, uint32_t group, struct fl_span *ret);

/** fl_matcher_mark() - the number in the last (*MARK:number) on the match's way; 0: there is none */
uint64_t fl_matcher_mark(const struct fl_matcher *m);

/** fl_matcher_find_whole() - the same among many lines */
int fl_matcher_find_whole(struct fl_matcher *m, const struct fl_pcre_subject *text, size_t from,
			  struct fl_span *ret);

#endif
