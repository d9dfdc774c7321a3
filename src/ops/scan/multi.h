/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_MULTI_H
#define FL_OPS_SCAN_MULTI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/size.h"
#include "ops/scan/match.h"

/**
 * DOC: Matches that go on over line ends.
 *
 * Memory stays bounded, and results must not depend on where views end: so the file is divided into
 * blocks of FL_MULTI_BLOCK_BYTES, counted from its start, and whoever looks for a match that begins
 * in a block is shown the bytes up to FL_MULTI_REACH_BYTES behind that block, and not one more. A
 * search that runs into that end (PCRE2_PARTIAL_HARD tells) is an error, wherever the view ends.
 */
#define FL_MULTI_BLOCK_BYTES FL_KIB(256)
#define FL_MULTI_REACH_BYTES FL_MIB(1)
/* What must be in sight behind a view. */
#define FL_MULTI_AHEAD_BYTES (FL_MULTI_BLOCK_BYTES + FL_MULTI_REACH_BYTES)

/* More matches in one view, which is a long line then, are an error: 16 MiB for each thread. */
#define FL_MULTI_FOUND_MAX ((size_t)1 << 20)

/**
 * struct fl_multi_regex - compiled programs; constant, any thread
 * @bytes:  for bytes, or for ASCII text in a UTF-8 locale; may be NULL there
 * @utf:    for valid UTF-8; NULL where characters are bytes
 * @broken: for UTF-8 that is not valid
 * @looks_behind: the line end before a view matters
 */
struct fl_multi_regex {
	pcre2_code *bytes;
	pcre2_code *utf;
	pcre2_code *broken;
	const uint8_t *tables;
	bool looks_behind;
};

/**
 * fl_multi_crosses() - may a match of this pattern hold a line end, or depend on the file's ends?
 * @text: PCRE2's syntax. What is unusual is taken for yes
 * @dotall:  "." matches a line end
 * @anchors: yes also where it looks at a line's end, or beginning
 */
bool fl_multi_crosses(const char *text, size_t len, bool dotall, bool anchors);

/** fl_multi_regex_init() - Return: 0; -EINVAL with a message; -FL_EUNSUPPORTED with one; -ENOMEM. */
int fl_multi_regex_init(struct fl_multi_regex *re, const struct fl_regex *from, bool dotall,
			struct fl_error *reterr);

/** fl_multi_regex_done() - all zero is fine */
void fl_multi_regex_done(struct fl_multi_regex *re);

/**
 * struct fl_multi_text - a view
 * @len:    bytes in sight
 * @starts: matches that begin before this place are looked for
 * @ends:   the file ends with what is in sight
 */
struct fl_multi_text {
	const unsigned char *data;
	uint64_t off;
	size_t len;
	size_t starts;
	bool ends;
};

/**
 * struct fl_multi - what one thread needs
 * @text:  of the last search
 * @p, @p_len: what PCRE2 is given for @block: @text from @base on, @shift bytes behind p[0]
 * @found: @count matches, from the view's beginning
 * @last_end: where the match before found[0] ends, or SIZE_MAX
 * @is_seeded: found[0] began before the view, at @seed_off in the file
 * @told_off: of the match that is told just now, in the file
 * @failed_at: after an error: where the attempt began
 * @resume: where the search for the next match goes on
 */
struct fl_multi {
	const struct fl_multi_regex *re;
	struct fl_pcre_means means;
	struct fl_pcre_copy copy;
	struct fl_multi_text text;
	bool is_ready;
	uint64_t block;
	const unsigned char *p;
	size_t p_len;
	size_t base;
	size_t shift;
	const pcre2_code *code;
	uint32_t options;
	struct fl_span *found;
	size_t count;
	size_t room;
	size_t last_end;
	bool is_seeded;
	uint64_t seed_off;
	uint64_t told_off;
	size_t failed_at;
	size_t resume;
};

/** fl_multi_init() - Return: 0; -ENOMEM. */
int fl_multi_init(struct fl_multi *x, const struct fl_multi_regex *re);
void fl_multi_done(struct fl_multi *x);

/**
 * fl_multi_search() - all matches that begin in a view, at @from or behind it
 * @last_end: where the match before ends, or SIZE_MAX
 * Return: 0; -FL_ELIMIT: one runs on too far, or PCRE2's limit was exceeded, at failed_at (what was
 * found before is in @found); -E2BIG: there are more than FL_MULTI_FOUND_MAX; -ENOMEM; -EINVAL for what should not happen.
 */
int fl_multi_search(struct fl_multi *x, const struct fl_multi_text *text, size_t from,
		    size_t last_end);

/**
 * fl_multi_seed() - the match before found[0] goes on in this view
 * @end: where it ends
 * @off: where it begins, in the file
 * Return: 0; -ENOMEM.
 */
int fl_multi_seed(struct fl_multi *x, size_t end, uint64_t off);

/** fl_multi_end() - what is shown to an attempt that begins at @pos ends here; from the view's start */
uint64_t fl_multi_end(const struct fl_multi_text *text, size_t pos);

/** fl_multi_is_adjacent() - is found[i] empty, right behind the match before? It does not count. */
bool fl_multi_is_adjacent(const struct fl_multi *x, size_t i);

/** fl_multi_first() - index of the first match that ends behind @pos, or is empty there, or count */
size_t fl_multi_first(const struct fl_multi *x, size_t pos);

#endif
