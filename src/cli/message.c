/* SPDX-License-Identifier: MIT */
#include "cli/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/outbuf.h"
#include "cli/progress_bar.h"
#include "cli/quote.h"
#include "cli/verbs.h"

static const char *program = "faultline";

void message_set_program(const char *name)
{
	program = name;
}

const char *message_program(void)
{
	return program;
}

/* Names of files, and of all else that others may have named, do not give orders to the terminal. */
__attribute__((format(printf, 1, 0))) static char *shown_text(const char *format, va_list args)
{
	char *text = NULL, *shown;

	if (vasprintf(&text, format, args) < 0)
		return NULL;
	shown = quote_controls(text);
	free(text);
	return shown;
}

/* On a terminal both streams are one: what was printed first must be seen first. */
__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list args)
{
	char *text = shown_text(format, args);

	progress_bar_erase();
	outbuf_flush();
	fprintf(stderr, "%s: %s\n", program, text != NULL ? text : strerror(ENOMEM));
	free(text);
}

void message_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void message_note(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = shown_text(format, args);
	va_end(args);
	if (text != NULL)
		fprintf(stderr, "%s\n", text);
	free(text);
}

void message_file(const char *name, const struct fl_error *error)
{
	if (error->off == FL_OFF_NONE)
		message_error("%s: %s", name, error->text);
	else
		message_error("%s: at byte %" PRIu64 ": %s", name, error->off, error->text);
}

void message_try_help(void)
{
	fprintf(stderr, "Try '%s --help' for more information.\n", program);
	exit(EXIT_TROUBLE);
}

void message_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	message_try_help();
}
