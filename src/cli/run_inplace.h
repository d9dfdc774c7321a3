/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_RUN_INPLACE_H
#define FAULTLINE_CLI_RUN_INPLACE_H

#include "cli/run_work.h"

/**
 * run_inplace_take() - "-i" or "--in-place[=SUFFIX]" as the last word of the stages
 *
 * Behind scan, -i is scan's own.
 * @count: of @words; one less when it was there
 */
void run_inplace_take(struct run_line *line, char **words, int *count);

/** run_inplace_check() - ends the program where -i and what else was given do not go together */
void run_inplace_check(struct run_line *line);

/**
 * run_inplace_share() - three eighths of the memory are for the taps, as many for the edit, and the rest
 * for what their threads take: before the job begins
 */
void run_inplace_share(struct run_line *line);

/** run_inplace_plan() - what is stored, for --plan */
void run_inplace_plan(const struct run_line *line);

/** run_inplace() - `run -i`: edit all files. Return: exit status. */
int run_inplace(struct run_work *run);

#endif
