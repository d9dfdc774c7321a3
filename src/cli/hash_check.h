/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_HASH_CHECK_H
#define FAULTLINE_CLI_HASH_CHECK_H

#include "cli/hash_options.h"
#include "cli/job.h"

/* Exit status: a digest that is wrong, or a file that is missing (2 is for errors). */
#define EXIT_MISMATCH 1

/**
 * hash_check() - `faultline hash -c`: every input of @job is a file of digests
 * @job: begun; it is ended here
 *
 * Lines are told as by sha256sum -c. Return: exit status.
 */
int hash_check(struct job *job, const struct hash_options *opt);

#endif
