/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_GUARD_H
#define FAULTLINE_GUARD_H

#include <faultline/error.h>
#include <faultline/export.h>

FL_BEGIN_DECLS

/**
 * DOC: SIGBUS.
 *
 * Reading a mapped page that is past the end of a file, because someone
 * truncated it after it was mapped, or that the device cannot deliver, raises
 * SIGBUS, whose default action ends the process. faultline's handler knows its
 * own windows: for an address in one of them it maps zero pages over the rest
 * of the window, marks the window as poisoned, and returns; the engine then
 * throws away what was computed from it and reports truncation or I/O error
 * with its offset. Any other SIGBUS goes to the handler that was there before.
 *
 * The handler stays when runs have ended, as others may have been installed on top of it. No other
 * signal is touched. fl_guard_set_policy() with another policy puts the one before back, unless
 * somebody has installed yet another one since. The library stays loaded after dlclose(3), so
 * that the handler is never one that is gone.
 */
enum fl_guard_policy {
	FL_GUARD_INSTALL, /* (default) install the handler with the first mapping */
	FL_GUARD_CALLER, /* the program has a SIGBUS handler of its own and calls fl_guard_handle() */
	FL_GUARD_NEVER   /* no handler: nothing is mapped, every byte comes through pread(2) */
};

/**
 * fl_guard_set_policy() - choose how SIGBUS is dealt with, process-wide
 *
 * Call it before the first run, or between runs. Threads: none may be running a pipeline.
 * Return: 0; -EBUSY when windows are live (of a run, or shared memory that is attached); -EINVAL.
 */
FL_API int fl_guard_set_policy(enum fl_guard_policy policy);

/**
 * fl_guard_handle() - offer a SIGBUS to faultline (FL_GUARD_CALLER)
 * @siginfo: the siginfo_t that the kernel gave to the handler (void, so that
 *           this header needs nothing beyond C)
 *
 * Async-signal-safe. errno is kept.
 * Return: 1 when the address was in a window and the faulting instruction may
 * be resumed; 0 when it is not ours.
 */
FL_API int fl_guard_handle(const void *siginfo);

FL_END_DECLS

#endif
