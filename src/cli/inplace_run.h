/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_INPLACE_RUN_H
#define FAULTLINE_CLI_INPLACE_RUN_H

#include <faultline/transform.h>

#include "cli/inplace_options.h"
#include "cli/job.h"

/**
 * struct inplace_work - edits of files in place: what transform -i and run -i do alike
 * @transforms: @count of them, one behind the other
 * @how:        set by inplace_begin(); the caller may add taps
 * @sum:        of all files
 * @passes:     of what ran over them; @watched: that is running
 * @ns:         of wall time
 */
struct inplace_work {
	struct job *job;
	struct fl_transform *const *transforms;
	size_t count;
	struct fl_inplace_options how;
	struct fl_inplace_result sum;
	struct run_stats passes;
	struct fl_pipeline *watched;
	uint64_t ns;
};

/** inplace_begin() - before the first file; @job and @transforms are set */
void inplace_begin(struct inplace_work *work, const struct inplace_options *opt);

/**
 * inplace_edit() - one file; prints the message if that fails
 * @ret: what was done
 * Return: 0 or a negative error.
 */
int inplace_edit(struct inplace_work *work, const char *name, struct fl_inplace_result *ret);

/** inplace_print_stats() - --stats, on standard error */
void inplace_print_stats(const struct inplace_work *work);

/** inplace_run() - transform -i: edit all files of a job. Return: exit status. */
int inplace_run(struct job *job, struct fl_transform *transform, const struct inplace_options *opt);

#endif
