/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_EDIT_REGEX_H
#define FL_OPS_TRANSFORM_EDIT_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

#include "kern/kernels.h"
#include "ops/regex/pcre.h"
#include "ops/regex/regex_streams.h"

/**
 * DOC: Regular expressions of edits.
 *
 * PCRE2 decides, on one record at a time. A literal that every match holds proposes records; a
 * pattern that is nothing but a literal is compared, not matched; and a pattern made of nothing
 * but plain parts is searched for in many records at once, because a match within one record is
 * then the one that would be found in it alone. Where bit streams know such a pattern and few records
 * match, they propose these.
 */

/**
 * struct fl_edit_text - records that a step works on
 * @off:        of data[0], in the numbers that deltas use
 * @delimiter:  ends a record
 * @one_record: all of it is one record, whatever it holds, and @end_len bytes at the end are its
 *              end (0: the file's last record may lack it)
 */
struct fl_edit_text {
	uint64_t off;
	const unsigned char *data;
	size_t len;
	unsigned char delimiter;
	bool one_record;
	size_t end_len;
};

/** struct fl_edit_span - bytes [begin, end) of a text */
struct fl_edit_span {
	size_t begin;
	size_t end;
};

/** fl_edit_record_at() - the record that begins at @pos < len, without its end */
struct fl_edit_span fl_edit_record_at(const struct fl_edit_text *text, size_t pos);

/** fl_edit_record_begin() - where the record that holds @pos begins; @low: a record's start before */
size_t fl_edit_record_begin(const struct fl_edit_text *text, size_t low, size_t pos);

/** fl_edit_record_next() - where the record after that one begins */
static inline size_t fl_edit_record_next(const struct fl_edit_text *text,
					 const struct fl_edit_span *record)
{
	if (text->one_record)
		return text->len;
	return record->end + (record->end < text->len);
}

enum fl_edit_method {
	FL_EDIT_BY_RECORD, /* PCRE2 on each record */
	FL_EDIT_LITERAL,   /* the pattern is a literal */
	FL_EDIT_PROPOSED,  /* records that hold a literal, then PCRE2 */
	FL_EDIT_WHOLE,     /* PCRE2 on many records at once */
	FL_EDIT_STREAMS /* records that bit streams find, then PCRE2; where they are many, as before */
};

/**
 * struct fl_edit_regex - a compiled pattern; constant, any thread
 * @bytes: for bytes, or for ASCII text in UTF mode; NULL where the pattern has no such form
 * @utf:   for valid UTF-8
 * @broken: the same, for text that is not valid: broken bytes are barriers
 * @whole, @whole_utf: over many records, where @method is FL_EDIT_WHOLE
 * @streams: where @method is FL_EDIT_STREAMS
 * @groups: capturing groups
 * @least: bytes that every match has, or more
 */
struct fl_edit_regex {
	char *pattern;
	size_t pattern_len;
	bool is_utf;
	bool jit_may_be_wrong;
	enum fl_edit_method method;
	unsigned char *literal_bytes;
	struct fl_literal literal;
	pcre2_code *bytes;
	pcre2_code *utf;
	pcre2_code *broken;
	pcre2_code *whole;
	pcre2_code *whole_utf;
	struct fl_streams *streams;
	const uint8_t *tables;
	uint32_t groups;
	uint32_t least;
};

#define FL_EDIT_REGEX_ICASE 1u
#define FL_EDIT_REGEX_MULTILINE 2u
#define FL_EDIT_REGEX_UTF 4u

/**
 * fl_edit_regex_init() - compile
 * @flags:     FL_EDIT_REGEX_...
 * @delimiter: of the records
 *
 * Return: 0; -EINVAL with PCRE2's message and the offset in the pattern; -ENOMEM.
 */
int fl_edit_regex_init(struct fl_edit_regex *re, const char *pattern, size_t len, unsigned flags,
		       unsigned char delimiter, struct fl_error *reterr);

/** fl_edit_regex_done() - all zero is fine */
void fl_edit_regex_done(struct fl_edit_regex *re);

/**
 * struct fl_edit_matcher - what a thread needs to match one regex
 * @lane, @next: records that bit streams found in the text at work, and which of them is next
 * @by_streams:  they are what is proposed
 * @sure:        the record that was proposed last matches
 * @dense:       texts to come in which many records match, as in the last one
 */
struct fl_edit_matcher {
	const struct fl_edit_regex *re;
	struct fl_streams_lane lane;
	size_t next;
	bool by_streams;
	bool sure;
	unsigned dense;
	struct fl_pcre_means means;
	struct fl_pcre_copy record_copy;
	struct fl_pcre_copy whole_copy;
};

/** fl_edit_matcher_init() - Return: 0; -ENOMEM. */
int fl_edit_matcher_init(struct fl_edit_matcher *m, const struct fl_edit_regex *re);

/** fl_edit_matcher_done() - all zero is fine */
void fl_edit_matcher_done(struct fl_edit_matcher *m);

/**
 * fl_edit_subject_record() - make one record ready
 * Lifetime: @ret until the next record from the same matcher. Return: 0; -ENOMEM.
 */
int fl_edit_subject_record(struct fl_edit_matcher *m, const unsigned char *p, size_t len,
			   struct fl_pcre_subject *ret);

/**
 * fl_edit_subject_whole() - make many records ready to be searched at once
 * Lifetime: @ret until the next of this kind from the same matcher.
 * Return: 1; 0 where this text must be searched record by record; -ENOMEM.
 */
int fl_edit_subject_whole(struct fl_edit_matcher *m, const unsigned char *p, size_t len,
			  struct fl_pcre_subject *ret);

/**
 * fl_edit_match() - the first match at or behind @from
 * @not_empty: one at @from itself must not be empty
 * @ret:       @m->re->groups + 1 pairs of offsets, PCRE2_UNSET for groups that took no part;
 *             valid until the next match
 * Return: groups that are set, >= 1; 0 for none; -FL_ELIMIT; -ENOMEM; -EINVAL.
 */
int fl_edit_match(struct fl_edit_matcher *m, const struct fl_pcre_subject *s, size_t from,
		  bool not_empty, const PCRE2_SIZE **ret);

/**
 * fl_edit_look() - begin with a text: bit streams look through all of it
 * Return: 0; -ENOMEM.
 */
int fl_edit_look(struct fl_edit_matcher *m, const struct fl_edit_text *text);

/** fl_edit_regex_has_spans() - are its matches found without PCRE2, where a text is many records? */
bool fl_edit_regex_has_spans(const struct fl_edit_regex *re);

/**
 * fl_edit_spans() - find all matches in [begin, end) of a text of many records, into @m->lane
 * (fl_streams_spans()); places count from @begin, a record's start. Return: 0; -ENOMEM.
 */
int fl_edit_spans(struct fl_edit_matcher *m, const struct fl_edit_text *text, size_t begin,
		  size_t end);

/** fl_edit_is_whole() - is it many records at once that PCRE2 searches in this text? */
bool fl_edit_is_whole(const struct fl_edit_matcher *m, const struct fl_edit_text *text);

/**
 * fl_edit_next_record() - the next record in which the regex matches
 * @pos: a record's start; 0 first, which looks at the text; then ascending
 * @ret: the record without its end
 * Return: 1; 0 for none; errors of fl_edit_match(), with @ret->begin set.
 */
int fl_edit_next_record(struct fl_edit_matcher *m, const struct fl_edit_text *text, size_t pos,
			struct fl_edit_span *ret);

/**
 * fl_edit_propose() - the next record that may hold a match
 * As fl_edit_next_record(), without PCRE2's decision, and after fl_edit_look(); FL_EDIT_WHOLE proposes
 * every record.
 * Return: 1; 0.
 */
int fl_edit_propose(struct fl_edit_matcher *m, const struct fl_edit_text *text, size_t pos,
		    struct fl_edit_span *ret);

#endif
