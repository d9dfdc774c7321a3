/* SPDX-License-Identifier: MIT */
#ifndef FL_SHM_BOARD_IMPL_H
#define FL_SHM_BOARD_IMPL_H

#include <stdatomic.h>
#include <stdint.h>

#include <faultline/board.h>

#define FL_BOARD_ROWS 128u
#define FL_BOARD_MAGIC UINT64_C(0x31304452414f4246) /* "FBOARD01" */

/* Of a job in a row: all that struct fl_job has, and when it was written. */
#define FL_BOARD_WORDS (sizeof(struct fl_job) / 8)
_Static_assert(sizeof(struct fl_job) % 8 == 0, "a row is made of whole words");

/**
 * struct fl_board_row
 * @pid:  0 = free; changed under the header's lock
 * @turn: odd while it is written; it only grows, whoever has the row, so that a reader who was
 *        interrupted cannot take half of one job and half of the next for one
 */
struct fl_board_row {
	_Alignas(128) _Atomic int32_t pid;
	_Atomic uint32_t turn;
	_Atomic uint64_t start;
	_Atomic uint64_t written_ns;
	_Atomic uint64_t words[FL_BOARD_WORDS];
};

/**
 * struct fl_board_body - behind the segment's header
 * @closed: the last job removes it, or was killed when it did: whoever just attached it looks for the
 *          new one
 */
struct fl_board_body {
	_Atomic uint64_t magic;
	_Atomic uint32_t row_bytes;
	_Atomic uint32_t closed;
	struct fl_board_row rows[FL_BOARD_ROWS];
};

#endif
