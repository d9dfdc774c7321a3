/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_SCAN_H
#define FAULTLINE_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>

FL_BEGIN_DECLS

/**
 * DOC: Searching, as grep -P does.
 *
 * PCRE2 decides what matches, on one line at a time; faster means only propose
 * lines. Output is made in file order and handed to a function of the caller's.
 */
struct fl_scan;

#define FL_SCAN_FIXED 1u          /* -F: the patterns are literals */
#define FL_SCAN_IGNORE_CASE 2u    /* -i */
#define FL_SCAN_INVERT 4u         /* -v */
#define FL_SCAN_COUNT 8u          /* -c: nothing is written, only counted */
#define FL_SCAN_ONLY_MATCHING 16u /* -o */
#define FL_SCAN_LINE_NUMBER 32u   /* -n */
#define FL_SCAN_BYTE_OFFSET 64u   /* -b */
#define FL_SCAN_QUIET 128u        /* -q: stop at the first selected line, write nothing */
#define FL_SCAN_TEXT 256u         /* -a: binary data are treated as text */
#define FL_SCAN_EXTENDED 512u     /* -E: the patterns are POSIX extended regular expressions */
#define FL_SCAN_BASIC 1024u       /* -G: basic ones; both with GNU's additions */
#define FL_SCAN_WORD 2048u        /* -w: no word character stands before or behind a match */
#define FL_SCAN_LINE_REGEXP 4096u /* -x: a match is the whole line; more than FL_SCAN_WORD */
#define FL_SCAN_CONTEXT                                                                            \
	8192u                        /* -A, -B, -C: "--" stands between groups of lines, of one
				       or several runs */
#define FL_SCAN_NULL 16384u          /* -Z: NUL, not ":", behind the prefix */
#define FL_SCAN_CRLF 32768u          /* a CR at a line's end is part of its end, not of its text */
#define FL_SCAN_COUNT_MATCHES 65536u /* with FL_SCAN_COUNT: matches that are not empty, too */
#define FL_SCAN_SKIP_BINARY 131072u  /* -I: binary data do not match */
#define FL_SCAN_UCP 262144u          /* \w, \d, ... mean Unicode's properties (UTF-8 locales) */
#define FL_SCAN_COLUMN 524288u       /* the column of the first match, in bytes from 1 */
#define FL_SCAN_PASSTHRU 1048576u    /* lines that are not selected are written, too */
#define FL_SCAN_NULL_DATA                                                                          \
	4194304u /* -z: lines end with NUL; so says the pipeline's delimiter, too */
#define FL_SCAN_PATTERN_ID 8388608u /* tell which pattern matched */
#define FL_SCAN_EMPTIES 16777216u   /* events tell matches that are empty, too */
#define FL_SCAN_NOTE_NUL 33554432u /* fl_scan_result's binary_off is found with FL_SCAN_TEXT, too */
#define FL_SCAN_PREVIEW                                                                            \
	67108864u /* of a line that is longer than max_columns the beginning is written */
#define FL_SCAN_MULTILINE                                                                          \
	134217728u /* matches may go on over line ends, at most 1 MiB; see fl_scan_new() */
#define FL_SCAN_DOTALL 268435456u /* with FL_SCAN_MULTILINE: "." matches a line end, too */
#define FL_SCAN_BLOCKS                                                                             \
	536870912u /* with FL_SCAN_MULTILINE: events tell the lines of a match at once */
#define FL_SCAN_STREAMING                                                                          \
	2097152u /* lines of a stream are written at once, not held back until their block
				       of 96 KiB has been looked through for NUL bytes */
#define FL_SCAN_INITIAL_TAB                                                                        \
	1073741824u /* -T: a tab between what precedes a line and the line, unless that is empty;
			 numbers are as wide as the largest that the file's size allows */

enum fl_scan_engine {
	FL_SCAN_ENGINE_AUTO,
	FL_SCAN_ENGINE_PCRE2,  /* PCRE2 line by line, no proposer: the reference */
	FL_SCAN_ENGINE_LIT,    /* literals propose lines; an error where the pattern has none */
	FL_SCAN_ENGINE_HS,     /* Hyperscan proposes lines; an error where it cannot */
	FL_SCAN_ENGINE_STREAMS /* bit streams; an error where the pattern is not one for them */
};

/* Pieces of output, in file order. */
#define FL_SCAN_EVENT_HEAD 1u    /* a line (with FL_SCAN_ONLY_MATCHING a match) begins */
#define FL_SCAN_EVENT_TAIL 2u    /* it ends: its end byte is to be written */
#define FL_SCAN_EVENT_MATCH 4u   /* this piece is a match */
#define FL_SCAN_EVENT_CONTEXT 8u /* the line is not selected */
#define FL_SCAN_EVENT_GAP 16u    /* lines were left out here; nothing else is set */
#define FL_SCAN_EVENT_SAME 64u   /* this piece goes on with the match of the piece before */
#define FL_SCAN_EVENT_BLOCK                                                                        \
	128u                   /* the text is several lines, all their ends included; the next
				    block may begin with lines that this one had, too */
#define FL_SCAN_EVENT_OPEN 32u /* the line ends with the file: it has no end byte */

/**
 * struct fl_scan_event - one piece of output
 * @flags:  FL_SCAN_EVENT_...
 * @line:   number of the line, from 1, with FL_SCAN_LINE_NUMBER
 * @off:    of the text, bytes from the start of the file
 * @column: HEAD with FL_SCAN_COLUMN: of the first match, in bytes from 1; 0 = none
 * @pattern: with FL_SCAN_PATTERN_ID: which pattern the match is of, from 1; at the HEAD, the first
 *          match in the line; 0: none, or unknown
 * @text:   @len bytes; valid during the call
 * @number_width: with FL_SCAN_INITIAL_TAB: columns for each number, filled up with blanks on the left
 */
struct fl_scan_event {
	size_t size;
	unsigned flags;
	uint64_t line;
	uint64_t off;
	uint64_t column;
	uint64_t pattern;
	const char *text;
	size_t len;
	unsigned number_width;
};

/**
 * struct fl_scan_options - what to search for
 * @size:        sizeof this struct
 * @pattern:     bytes, @pattern_len of them; copied. Newlines separate alternative patterns
 * @flags:       FL_SCAN_...
 * @engine:      how
 * @before, @after: lines to write before and after each selected line
 * @max_count:   stop after so many selected lines, 0 = never
 * @replace:     what is written in place of each match, @replace_len bytes, or NULL; copied.
 *               $1, $name, ${name} stand for groups, $$ for a dollar
 * @max_columns: lines with more bytes, their end included, are not written, but a notice; 0 = none
 * @max_line_bytes: a line with more bytes, its end not included, is an error; 0 = none
 * @prefix:      written before each output line and its separator (a file name), or NULL; copied
 * @write:       takes output, in file order; called by fold; returns 0 or a negative error,
 *               which ends the run; NULL with FL_SCAN_COUNT, FL_SCAN_QUIET or @event
 * @event:       instead of @write: takes output in pieces that tell what matched
 * @arg:         handed to @write or @event
 * @tell_end:    with FL_SCAN_COUNT and @max_count: 1: fl_scan_result's end_off is found, too, which takes
 *               some nanoseconds for each selected line
 */
struct fl_scan_options {
	size_t size;
	const char *pattern;
	size_t pattern_len;
	unsigned flags;
	enum fl_scan_engine engine;
	uint64_t before;
	uint64_t after;
	uint64_t max_count;
	const char *replace;
	size_t replace_len;
	uint64_t max_columns;
	uint64_t max_line_bytes;
	const char *prefix;
	int (*write)(void *arg, const void *data, size_t len);
	int (*event)(void *arg, const struct fl_scan_event *event);
	void *arg;
	int tell_end;
};

/**
 * struct fl_scan_result - what was found
 * @selected:   lines
 * @matches:    with FL_SCAN_COUNT_MATCHES
 * @binary:     1: selected lines were not written, because they are binary
 * @binary_off: of the first NUL byte, where one was seen, else UINT64_MAX
 * @end_off:    of the end of the last line selected, before its newline, where max_count ended an
 *              output of lines, or with @tell_end a count; else UINT64_MAX
 * @plan:       "literal 'Failed password'", "pcre2-jit on whole views", ...
 */
struct fl_scan_result {
	uint64_t selected;
	uint64_t matches;
	int binary;
	uint64_t binary_off;
	uint64_t end_off;
	const char *plan;
};

/**
 * fl_scan_new() - compile a search
 *
 * With FL_SCAN_MULTILINE a pattern that may match a line end is searched for in the text as a whole:
 * what one match needs to see may end 1 MiB behind the 256 KiB block (counted from the start of the
 * file) in which it begins; a search that runs on further ends with -FL_ELIMIT and the offset at which
 * it began. A pattern that cannot match a line end is searched for in lines, as without this flag.
 * With FL_SCAN_COUNT matches are counted, with max_count up to the end of the group of adjoining lines in
 * which the last one is that this allows; with FL_SCAN_INVERT lines that no match touches. Not for
 * worker processes, and only for whole files.
 *
 * Return: 0; -EINVAL with the compiler's message and the offset in the pattern;
 * -ENOMEM; -FL_EUNSUPPORTED for an engine that this pattern cannot use.
 */
FL_API int fl_scan_new(const struct fl_scan_options *opt, struct fl_scan **ret,
		       struct fl_error *reterr);

/** fl_scan_set_prefix() - for the next run (the next file); copied. Return: 0; -ENOMEM. */
FL_API int fl_scan_set_prefix(struct fl_scan *scan, const char *prefix);

/* Of fl_scan_set_base_line() */
#define FL_SCAN_BASE_COUNTED UINT64_MAX

/**
 * fl_scan_set_base_line() - for the next runs: lines before the first one that is searched
 *
 * A range does not know how many lines precede it; FL_SCAN_LINE_NUMBER adds this. FL_SCAN_BASE_COUNTED: as
 * many as there are, where the source has no size and is read from the beginning on; else 0.
 */
FL_API void fl_scan_set_base_line(struct fl_scan *scan, uint64_t lines);

/** fl_scan_operator() - its code, for fl_pipeline_add() */
FL_API const struct fl_operator *fl_scan_operator(const struct fl_scan *scan);

/** fl_scan_result() - of the last run, also of one that failed: what was selected until then */
FL_API void fl_scan_result(const struct fl_scan *scan, struct fl_scan_result *ret);

/** fl_scan_free() - NULL is fine */
FL_API void fl_scan_free(struct fl_scan *scan);

FL_END_DECLS

#endif
