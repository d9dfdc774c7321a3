/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_RECORD_H
#define FL_OPS_SCAN_SCAN_RECORD_H

#include <stdint.h>

#include <faultline/error.h>

/* A NUL byte makes data binary from the beginning of its block of this size: GNU grep 3.8
 * reads so much first (INITIAL_BUFSIZE), and one rule holds for every loader here. */
#define FL_SCAN_BINARY_BLOCK_BYTES (UINT64_C(96) << 10)

#define FL_SCAN_PART_VERSION 1

/**
 * struct fl_scan_head - a part begins with it; host order, which is
 * little-endian on every machine supported
 * @selected:   lines
 * @newlines:   line ends in the part's range, with -n
 * @binary_off: start of the block with the first NUL byte, or FL_OFF_NONE
 * @end_off:    the range's end
 * @closed:     what follows in the range cannot matter any more
 */
struct fl_scan_head {
	uint64_t version;
	uint64_t selected;
	uint64_t newlines;
	uint64_t binary_off;
	uint64_t end_off;
	uint64_t closed;
};

#define FL_SCAN_RECORD_LINE 1u /* the first of its line */
#define FL_SCAN_RECORD_TEXT 2u /* text follows, to be printed */
#define FL_SCAN_RECORD_BAD 4u  /* what would follow is not text in this locale */

/**
 * struct fl_scan_record - one piece of output, then @len bytes of text, unaligned
 * @off:     of the text, bytes from the start of the file
 * @end_off: of the line's end
 * @line:    line ends before it: in the part; once held by the fold, in all
 */
struct fl_scan_record {
	uint64_t off;
	uint64_t end_off;
	uint64_t line;
	uint64_t len;
	uint64_t flags;
};

#endif
