/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_RECORD_H
#define FL_OPS_SCAN_SCAN_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <faultline/error.h>

#include "base/size.h"

/* A NUL byte makes data binary from the beginning of its block of this size: GNU grep 3.8
 * reads so much first (INITIAL_BUFSIZE), and one rule holds for every loader here. A line that is
 * longer than a block cannot be held back until its last block has been seen, or memory would
 * grow with it: only the NUL bytes up to its own end make it binary. */
#define FL_SCAN_BINARY_BLOCK_BYTES (UINT64_C(96) << 10)

#define FL_SCAN_PART_VERSION 7

/**
 * struct fl_multi_chain - where the matches end that have been found in all that precedes
 * @resume: the search for the next one goes on here
 * @begin, @end: the last one; @end FL_OFF_NONE: there was none
 * @covered: behind its last line
 */
struct fl_multi_chain {
	uint64_t resume;
	uint64_t begin;
	uint64_t end;
	uint64_t covered;
};

/**
 * struct fl_scan_head - a part begins with it; host order, which is
 * little-endian on every machine supported
 * @selected:   lines
 * @matches:    with FL_SCAN_COUNT_MATCHES
 * @newlines:   line ends in the part's range, with -n
 * @nul_off:    of the first NUL byte, or FL_OFF_NONE
 * @end_off:    NUL bytes were looked for up to here
 * @closed:     what follows in the range cannot matter any more
 * @goes_on:    more matches of the line that came last may begin the next part
 * @has_chain:  @chain goes before that of the parts before
 */
struct fl_scan_head {
	uint64_t version;
	uint64_t selected;
	uint64_t matches;
	uint64_t newlines;
	uint64_t nul_off;
	uint64_t end_off;
	uint64_t closed;
	uint64_t goes_on;
	uint64_t has_chain;
	struct fl_multi_chain chain;
};

#define FL_SCAN_RECORD_LINE 1u     /* the first of its line */
#define FL_SCAN_RECORD_TEXT 2u     /* text follows, to be printed */
#define FL_SCAN_RECORD_BAD 4u      /* what would follow is not text in this locale */
#define FL_SCAN_RECORD_MORE 8u     /* the next record goes on with this text */
#define FL_SCAN_RECORD_REST 16u    /* goes on with the text of the record before */
#define FL_SCAN_RECORD_LONG 32u    /* its line is longer than a block */
#define FL_SCAN_RECORD_CONTEXT 64u /* of a line that is not selected, but may be near one that is */
#define FL_SCAN_RECORD_MATCH 128u  /* its text is a match */
#define FL_SCAN_RECORD_SAME 512u   /* goes on with the match of the record before */
#define FL_SCAN_RECORD_BLOCK 1024u /* several lines, with their ends */
#define FL_SCAN_RECORD_OPEN 256u   /* its line ends with the file, not with a line's end */

/**
 * struct fl_scan_record - one piece of output, then @len bytes of text, unaligned
 * @off:       of the text, bytes from the start of the file
 * @begin_off: of the line
 * @end_off:   of the line's end
 * @line:      line ends before it: in the part; once held by the fold, in all
 * @column:    see struct fl_scan_event
 * @matches:   of a line that is counted and not printed (&fl_scan_job.tells_counts)
 * @pattern:   the same
 *
 * Which lines are context is decided by the fold: a map does not know what is selected in other
 * parts. It hands on all that could be: the lines that are near a selected one in its own view,
 * and those at the view's beginning and end.
 */
struct fl_scan_record {
	uint64_t off;
	uint64_t begin_off;
	uint64_t end_off;
	uint64_t line;
	union {
		uint64_t column;
		uint64_t matches;
	};
	uint64_t pattern;
	uint64_t len;
	uint64_t flags;
};

/**
 * fl_scan_is_binary() - is a line not to be printed because of NUL bytes?
 * @nul_off: of the first NUL byte that is known, or FL_OFF_NONE
 * @end_off: of the line's end
 * @flags:   of its records
 */
static inline bool fl_scan_is_binary(uint64_t nul_off, uint64_t end_off, uint64_t flags)
{
	if (!(flags & FL_SCAN_RECORD_LONG))
		nul_off = fl_round_down(nul_off, FL_SCAN_BINARY_BLOCK_BYTES);
	return end_off >= nul_off;
}

#endif
