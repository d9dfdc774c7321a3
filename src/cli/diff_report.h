/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_DIFF_REPORT_H
#define FAULTLINE_CLI_DIFF_REPORT_H

#include <stdint.h>

#include "cli/common_options.h"
#include "cli/job.h"
#include "cli/json_doc.h"

/* Exit status: the files differ (2 is for errors), as from cmp(1). */
#define EXIT_DIFFER 1

/** struct diff_options - @gap: equal bytes that do not end a range */
struct diff_options {
	struct common_options common;
	uint64_t gap;
};

/**
 * struct diff_run
 * @differ: something does
 * @doc:    --json, or NULL
 */
struct diff_run {
	struct job job;
	const struct diff_options *opt;
	int differ;
	json_t *doc;
};

/** diff_print_range() - bytes that differ; @differ: how many of @len, 0 where that is not known */
void diff_print_range(struct diff_run *run, uint64_t off, uint64_t len, uint64_t differ);

/** diff_print_only() - bytes that one of them has, @off to @end, and the other has not */
void diff_print_only(struct diff_run *run, const char *name, uint64_t off, uint64_t end);

#endif
