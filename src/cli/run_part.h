/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_RUN_PART_H
#define FAULTLINE_CLI_RUN_PART_H

#include "cli/run_work.h"

/** run_part() - `run --part`: the share of the one file, written to P and P.data; prints nothing */
void run_part(struct run_work *run);

#endif
