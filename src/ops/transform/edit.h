/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_EDIT_H
#define FL_OPS_TRANSFORM_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/operator.h>

#include "ops/transform/delta.h"

/**
 * DOC: Edits.
 *
 * An edit program is a list of steps that are applied, in order, to each record (line), as sed
 * does with its pattern space: a step sees what the one before it made of the record, without
 * the record's end. What the program does to a view of whole records is a list of deltas, and it
 * depends on these bytes only. The one edit that looks beyond a record, dedup-adjacent, is the last
 * one and is not among these: see fl_edit_drops_repeats().
 */

/**
 * struct fl_edit_step - one step, as a user writes it
 * @text: "s/REGEX/REPL/gi2", "y/abc/xyz/", "mask=REGEX", "redact=ipv4,email", "delete=REGEX",
 *        "keep=REGEX", "upper", "lower", "dos2unix", "unix2dos", "dedup-adjacent"
 */
struct fl_edit_step {
	const char *text;
	size_t len;
};

#define FL_EDIT_UTF 1u         /* texts are UTF-8 (else bytes, in the locale's character set) */
#define FL_EDIT_MULTILINE 2u   /* ^ and $ match at newlines within a record, too */
#define FL_EDIT_REDACT_HASH 4u /* redact= puts keyed pseudonyms, not mask characters */

#define FL_REDACT_KEY_BYTES 16

/**
 * struct fl_edit_options - a program
 * @size:      sizeof this struct
 * @steps:     @step_count of them, >= 1; copied
 * @where:     only records in which this regex matches, before the first step; or NULL
 * @flags:     FL_EDIT_...
 * @delimiter: ends a record
 * @mask_char: for mask= and redact=
 * @range_off, @range_len: only records that start there; FL_SIZE_UNKNOWN = to the end
 * @key:       for FL_EDIT_REDACT_HASH
 * @label:     what an error begins with where several programs are run as one; or NULL; copied
 */
struct fl_edit_options {
	size_t size;
	const struct fl_edit_step *steps;
	size_t step_count;
	const char *where;
	size_t where_len;
	unsigned flags;
	unsigned char delimiter;
	unsigned char mask_char;
	uint64_t range_off;
	uint64_t range_len;
	unsigned char key[FL_REDACT_KEY_BYTES];
	const char *label;
};

struct fl_edit;
struct fl_edit_scratch;

/** fl_edit_options_init() - no steps, newline, '*', no range */
void fl_edit_options_init(struct fl_edit_options *opt);

/**
 * fl_edit_compile() - make a program
 * Return: 0; -EINVAL with what is wrong in which step; -ENOMEM.
 */
int fl_edit_compile(const struct fl_edit_options *opt, struct fl_edit **ret,
		    struct fl_error *reterr);

/** fl_edit_free() - NULL is fine */
void fl_edit_free(struct fl_edit *edit);

struct fl_transform;

/** fl_transform_edit() - the program of a job */
const struct fl_edit *fl_transform_edit(const struct fl_transform *transform);

/** fl_edit_preserves_length() - does every delta have as many new bytes as old ones, always? */
bool fl_edit_preserves_length(const struct fl_edit *edit);

/** fl_edit_never_grows() - has every delta at most as many new bytes as old ones, for sure? */
bool fl_edit_never_grows(const struct fl_edit *edit);

/**
 * fl_edit_drops_repeats() - was dedup-adjacent asked for?
 *
 * fl_edit_map() does not do it: whoever puts the text together does (repeats.h), or who stores what
 * becomes of each view (edit_repeats.h, record_seam.h).
 */
bool fl_edit_drops_repeats(const struct fl_edit *edit);

/** fl_edit_delimiter() - what ends its records */
unsigned char fl_edit_delimiter(const struct fl_edit *edit);

/** fl_edit_label() - as given, or "" */
const char *fl_edit_label(const struct fl_edit *edit);

/** fl_edit_plan() - how matches are looked for, for --stats: "literal 'x'; ..." */
const char *fl_edit_plan(const struct fl_edit *edit);

/** fl_edit_scratch_new() - what one thread needs to map. Return: 0; -ENOMEM. */
int fl_edit_scratch_new(const struct fl_edit *edit, struct fl_edit_scratch **ret);

/** fl_edit_scratch_free() - NULL is fine */
void fl_edit_scratch_free(struct fl_edit_scratch *scratch);

/**
 * fl_edit_map() - what the program does to some records
 * @in:  whole records; the last one may lack its end only where the file ends
 * @out: deltas are appended, in the order of the file; offsets as in @in. After an error it holds
 *       a part of them
 *
 * Threads: any, one scratch each. Cost: what the search costs; no look at records that cannot
 * match. Bytes may change while they are looked at: the deltas then are those of some mixture.
 * Return: 0; -ENOMEM; -FL_ELIMIT where PCRE2 gave up (with the record's offset) or @out is full.
 */
int fl_edit_map(const struct fl_edit *edit, struct fl_edit_scratch *scratch,
		const struct fl_view *in, struct fl_deltas *out, struct fl_error *reterr);

/**
 * fl_edit_save() - a program as text
 * @ret: malloc'ed, @ret_len bytes, NUL behind them
 *
 * It names every option, PCRE2's version and the key's id, but not the key.
 * Return: 0; -ENOMEM.
 */
int fl_edit_save(const struct fl_edit *edit, char **ret, size_t *ret_len);

/**
 * fl_edit_load() - the same program again
 * @key: FL_REDACT_KEY_BYTES bytes; NULL where there is none
 *
 * Return: 0; -FL_ECORRUPT; -FL_EUNSUPPORTED where PCRE2 is another version, or it needs a key
 * that is not @key; errors of fl_edit_compile().
 */
int fl_edit_load(const char *text, size_t len, const unsigned char *key, struct fl_edit **ret,
		 struct fl_error *reterr);

#endif
