/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_MANIFEST_MERGE_H
#define FAULTLINE_CLI_MANIFEST_MERGE_H

#include <stddef.h>

/* Where a part's block sums stand: the part's own name and this. */
#define SUMS_SUFFIX ".sums"
/* How such a file begins. */
#define SUMS_MAGIC "faultline-sums2\n"

/**
 * manifest_merge() - put parts together
 * @output: "-" is standard output
 *
 * One file after the other, in the order in which its first parts come; memory does not grow with
 * files or parts. Return: 0; a negative error that has been told.
 */
int manifest_merge(const char *output, char **parts, size_t count);

#endif
