/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_RUN_REPORT_H
#define FAULTLINE_CLI_RUN_REPORT_H

#include "cli/run_work.h"

/**
 * DOC: What stages found: "[N] NAME: LINE" for each, or one document with --json.
 *
 * A stage that ended early because nobody behind it needed more has no result: how far it came
 * depends on threads and chunks.
 */

/** run_report_begin() - nothing yet */
void run_report_begin(struct run_work *run);

/** run_report_file() - after a run without error over @bytes. Return: --json: the file's object, borrowed. */
json_t *run_report_file(struct run_work *run, const char *name, uint64_t bytes);

/** run_report_run() - the same after a run of the pipeline, over as many bytes as that has read */
void run_report_run(struct run_work *run, const char *name);

/** run_report_say() - a line where results go */
void run_report_say(struct run_work *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** run_report_total() - of several files; --json: prints the document */
void run_report_total(struct run_work *run);

#endif
