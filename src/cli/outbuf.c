/* SPDX-License-Identifier: MIT */
#include "cli/outbuf.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/crew.h"
#include "cli/message.h"

/* What a pipe holds by default, pipe(7): a larger write waits for its reader in between. */
#define HELD_BYTES 65536

/* As much as cat writes at a time: longer writes to a file may be slower (src/plat/output.c). */
#define WRITE_BYTES ((size_t)131072)

static char held[HELD_BYTES];
static size_t held_len;
static int first_error;
static int reported;
static FILE *captured;

static int write_all(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, data, len < WRITE_BYTES ? len : WRITE_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			first_error = -errno;
			return first_error;
		}
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int outbuf_flush(void)
{
	size_t len = held_len;

	held_len = 0;
	return first_error != 0 ? first_error : write_all(held, len);
}

int outbuf_write(const void *data, size_t len)
{
	if (captured != NULL && fwrite(data, 1, len, captured) < len && first_error == 0)
		first_error = -ENOMEM;
	if (first_error != 0 || captured != NULL)
		return first_error;
	if (len > HELD_BYTES - held_len && outbuf_flush() < 0)
		return first_error;
	if (len >= HELD_BYTES)
		return write_all(data, len);
	memcpy(held + held_len, data, len);
	held_len += len;
	return 0;
}

void outbuf_capture(FILE *to)
{
	captured = to;
}

int outbuf_printf(const char *format, ...)
{
	va_list args;
	char *text;
	int n, rc;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	/* Text that is missing is as bad as text that could not be written. */
	if (n < 0 && first_error == 0)
		first_error = -ENOMEM;
	if (n < 0)
		return first_error;
	rc = outbuf_write(text, (size_t)n);
	free(text);
	return rc;
}

int outbuf_flush_lines(void)
{
	static int terminal = -1;

	if (terminal < 0)
		terminal = crew_is_terminal(STDOUT_FILENO);
	return terminal ? outbuf_flush() : first_error;
}

int outbuf_error(void)
{
	return first_error;
}

void outbuf_told(void)
{
	reported = 1;
}

int outbuf_finish(void)
{
	outbuf_flush();
	/* Network file systems may tell only now that a write failed. */
	if (first_error == 0 && close(STDOUT_FILENO) < 0 && errno != EBADF)
		first_error = -errno;
	/* The engine's threads have SIGPIPE blocked: which of them wrote first does not decide how we end. */
	if (first_error == -EPIPE && !reported)
		(void)raise(SIGPIPE);
	if (first_error != 0 && first_error != -EPIPE && !reported)
		message_error("write error: %s", strerror(-first_error));
	reported = 1;
	return first_error;
}
