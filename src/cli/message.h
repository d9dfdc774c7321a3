/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_MESSAGE_H
#define FAULTLINE_CLI_MESSAGE_H

#include <faultline/error.h>

/** message_set_program() - @name: "faultline count"; must live until the end */
void message_set_program(const char *name);

/** message_program() - what message_set_program() was given, "faultline" before that */
const char *message_program(void);

/**
 * message_error() - "faultline VERB: TEXT" on stderr; standard output is written first
 *
 * Characters that are not printable are shown as quote_controls() does: the text is a single line,
 * whatever files are called.
 */
void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** message_note() - only the TEXT, in the same form */
void message_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** message_file() - "faultline VERB: FILE: at byte N: TEXT" on stderr, without N if there is none */
void message_file(const char *name, const struct fl_error *error);

/** message_usage() - the message, then "Try '... --help' ..."; ends the program with status 2 */
void message_usage(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/** message_try_help() - only the second line of message_usage(); ends the program, too */
void message_try_help(void) __attribute__((noreturn));

#endif
