/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_INPLACE_RUN_H
#define FAULTLINE_CLI_INPLACE_RUN_H

#include <faultline/transform.h>

#include "cli/inplace_options.h"
#include "cli/job.h"

/** inplace_run() - transform -i: edit all files of a job. Return: exit status. */
int inplace_run(struct job *job, struct fl_transform *transform, const struct inplace_options *opt);

#endif
