/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_STOP_SIGNALS_H
#define FAULTLINE_CLI_STOP_SIGNALS_H

#include <faultline/pipeline.h>

/**
 * DOC: Signals.
 *
 * The first SIGINT or SIGTERM cancels the pipeline and interrupts a wait for
 * the writer of a FIFO; the second one has its default action. SIGUSR1 asks for
 * a line of progress. SIGPIPE is left alone.
 */

/** stop_signals_install() - @pl: is cancelled by the first signal; lives until ..._forget() */
void stop_signals_install(struct fl_pipeline *pl);

/** stop_signals_watch() - from now on @pl is the one to cancel; at once if a signal came already */
void stop_signals_watch(struct fl_pipeline *pl);

/** stop_signals_forget() - the pipeline is about to be freed */
void stop_signals_forget(void);

/** stop_signals_caught() - Return: the signal that wants the program to end, or 0 */
int stop_signals_caught(void);

/**
 * stop_signals_finish() - end as the caught signal would have ended the program
 *
 * Shells tell "killed by ^C" from an exit status. Returns only if none was caught.
 */
void stop_signals_finish(void);

/** stop_signals_take_usr1() - Return: 1 once per SIGUSR1 (or several close together) */
int stop_signals_take_usr1(void);

#endif
