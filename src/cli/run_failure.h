/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_RUN_FAILURE_H
#define FAULTLINE_CLI_RUN_FAILURE_H

#include "cli/run_work.h"

/**
 * DOC: What is wrong, and where.
 *
 * "FILE: at byte N: stage S (NAME): TEXT". Where the stage reads what another one writes, the byte
 * is one of that: "at byte N of what stage M writes". Where it could not write, TEXT says to which
 * file. An error of reading is that of the first stage that reads.
 */

/** run_failure_say() - for struct job.complain of a struct run_work; @name: of the file */
void run_failure_say(struct job *job, const char *name, const struct fl_error *err, int was_run);

/** run_failure_stdout() - say so if what stages wrote to standard output is lost */
void run_failure_stdout(struct run_work *run);

#endif
