/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_JOB_BOARD_H
#define FAULTLINE_CLI_JOB_BOARD_H

#include <faultline/pipeline.h>

/** job_board_progress() - tell the user's job board; runs that are over soon do not appear. Never fails. */
void job_board_progress(const struct fl_progress *p);

/** job_board_leave() - this process does no more; may be called more than once */
void job_board_leave(void);

#endif
