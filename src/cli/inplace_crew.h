/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_INPLACE_CREW_H
#define FAULTLINE_CLI_INPLACE_CREW_H

#include "cli/inplace_run.h"

/**
 * inplace_crew_edit() - one file by all ranks (crew.h), each of which edits a share of it
 * @name: on the leader that of its next file; on followers that of their order
 * @ret:  on the leader what all of them did
 * @err:  set on errors: the first one of the lowest rank
 *
 * Return: 0 or a negative error, the same on all ranks.
 */
int inplace_crew_edit(struct inplace_work *work, const char *name, struct fl_inplace_result *ret,
		      struct fl_error *err);

#endif
