/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_BOARD_H
#define FAULTLINE_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>

FL_BEGIN_DECLS

/**
 * DOC: The job board.
 *
 * Long runs say in a managed POSIX segment of their user, /faultline-board-UID, what they do and
 * how far they are; `faultline top` shows it. The segment is made by the first job and removed by
 * the last one. A board that cannot be had, is full, foreign or damaged, disturbs nobody: the
 * functions return an error, and the job goes on.
 */
struct fl_board;

/**
 * struct fl_job - one row
 * @size:    sizeof this struct
 * @pid:     process; @parent: of a worker process, the one it works for, else 0
 * @verb:    "scan", "hash" ...
 * @file:    what it works on; the end of a long name
 * @phase:   "run", "verify" ...
 * @bytes, @total: done, and of how many (FL_SIZE_UNKNOWN)
 * @rate:    bytes per second since the beginning of this file
 * @faults, @major_faults: page faults of the process
 * @rss_bytes: resident memory
 * @started_s: seconds since 1970
 * @age_ns:  since the row was written last
 */
struct fl_job {
	size_t size;
	int32_t pid;
	int32_t parent;
	char verb[16];
	char phase[16];
	char file[256];
	uint64_t bytes;
	uint64_t total;
	uint64_t rate;
	uint64_t faults;
	uint64_t major_faults;
	uint64_t rss_bytes;
	int64_t started_s;
	uint64_t age_ns;
};

/**
 * fl_board_join() - a row on the calling user's board, which is made if it is not there
 * @parent: 0, or the process that this one works for
 *
 * Where others hold the board's lock for 100 ms, the row is had at one of the next ten calls of
 * fl_board_publish(), each of which waits as long at most, or not at all.
 * Return: 0; -EAGAIN: it is full (128 rows); as fl_segment_attach() and fl_segment_create().
 */
FL_API int fl_board_join(const char *verb, int32_t parent, struct fl_board **ret);

/**
 * fl_board_publish() - replace the row's content
 * @job: pid, parent, verb, rate, faults, memory, times are filled in by the function
 * @ns:  since this file was begun, for the rate
 *
 * Cost: 0.2 us; every 100 ms 20 us more, for memory and faults.
 */
FL_API void fl_board_publish(struct fl_board *board, const struct fl_job *job, uint64_t ns);

/** fl_board_leave() - give the row back; the last one removes the board; NULL is fine */
FL_API void fl_board_leave(struct fl_board *board);

/**
 * fl_board_list() - the rows of all living jobs of the user; those of dead ones are cleared
 * Return: 0, also without a board; what @row returned; as fl_segment_attach().
 */
FL_API int fl_board_list(int (*row)(void *arg, const struct fl_job *job), void *arg,
			 struct fl_error *reterr);

FL_END_DECLS

#endif
