/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_OUTBUF_H
#define FAULTLINE_CLI_OUTBUF_H

#include <stddef.h>
#include <stdio.h>

/**
 * DOC: Standard output.
 *
 * One buffer in front of write(2). The first error stays: later writes are
 * refused with it, and outbuf_finish() reports it.
 *
 * Threads: one at a time (the main thread, or the folding thread during a run).
 */

/** outbuf_write() - append bytes. Return: 0 or -errno of write(2). */
int outbuf_write(const void *data, size_t len);

/** outbuf_printf() - append formatted text. Return: 0; -errno of write(2); -ENOMEM, which stays, too. */
int outbuf_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** outbuf_capture() - until outbuf_capture(NULL), what is appended goes to @to, a memory stream */
void outbuf_capture(FILE *to);

/** outbuf_flush() - write what is held. Return: 0 or -errno of write(2). */
int outbuf_flush(void);

/** outbuf_flush_lines() - the same, but only if somebody watches: a terminal. Return: as above. */
int outbuf_flush_lines(void);

/** outbuf_error() - Return: 0, or the first error as -errno */
int outbuf_error(void);

/** outbuf_told() - somebody has said that standard output is lost: outbuf_finish() does not */
void outbuf_told(void);

/**
 * outbuf_finish() - write what is held and close standard output
 *
 * Says "write error" on stderr if anything was lost; nothing when the reader
 * of a pipe went away, because that is how `| head` ends a program.
 * Return: 0 or -errno.
 */
int outbuf_finish(void);

#endif
