/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_HASH_MANIFEST_H
#define FAULTLINE_CLI_HASH_MANIFEST_H

#include "cli/hash_options.h"
#include "cli/job.h"

/**
 * hash_manifest() - `faultline hash --manifest`
 * @job: begun; it is ended here
 * Return: exit status.
 */
int hash_manifest(struct job *job, const struct hash_options *opt);

#endif
