/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_PROGRESS_BAR_H
#define FAULTLINE_CLI_PROGRESS_BAR_H

#include <faultline/pipeline.h>

enum progress_when {
	PROGRESS_AUTO, /* when stderr is a terminal */
	PROGRESS_ALWAYS,
	PROGRESS_NEVER
};

/** progress_bar_init() - sets the progress members of @opt; SIGUSR1 is answered in all cases */
void progress_bar_init(enum progress_when when, struct fl_options *opt);

/** progress_bar_erase() - if it is drawn; before anything else is printed on the terminal */
void progress_bar_erase(void);

#endif
