/* SPDX-License-Identifier: MIT */
#include "cli/job_board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/board.h>

#include "cli/message.h"

/* People do not look at what is over in the twinkling of an eye, and short runs pay nothing. */
#define LONG_NS UINT64_C(200000000)

static struct fl_board *board;
static int asked;

static const char *verb(void)
{
	const char *program = message_program();
	const char *space = strchr(program, ' ');

	return space != NULL ? space + 1 : program;
}

/* Where there is no board for this job, there will be none. */
static void join(void)
{
	asked = 1;
	if (fl_board_join(verb(), 0, &board) == 0)
		atexit(job_board_leave);
}

void job_board_progress(const struct fl_progress *p)
{
	struct fl_job job = {.size = sizeof(job), .bytes = p->bytes, .total = p->total};
	size_t len;

	if (!asked && p->ns >= LONG_NS)
		join();
	if (board == NULL)
		return;
	len = strlen(p->name);
	snprintf(job.file, sizeof(job.file), "%s",
		 len < sizeof(job.file) ? p->name : p->name + len - sizeof(job.file) + 1);
	snprintf(job.phase, sizeof(job.phase), "run");
	fl_board_publish(board, &job, p->ns);
}

void job_board_leave(void)
{
	fl_board_leave(board);
	board = NULL;
}
