/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_QUOTE_H
#define FAULTLINE_CLI_QUOTE_H

/**
 * quote_name() - a file name on one line, as GNU wc prints it
 * @name: any bytes
 *
 * A name without a newline stays as it is; one with a newline is written so
 * that bash reads the same name back: 'a'$'\n''b'. What is printable depends
 * on LC_CTYPE.
 *
 * Return: malloc'ed text; NULL without memory.
 * Source: coreutils 9.1, "shell-escape" in (coreutils) Formatting the file names.
 */
char *quote_name(const char *name);

/**
 * quote_shell() - a word for a command line that people paste into bash: always in quotes
 *
 * Return: malloc'ed text; NULL without memory.
 */
char *quote_shell(const char *name);

/**
 * quote_controls() - a text with names in it, as it may be shown on a terminal
 *
 * What is not printable is written as bash reads it: a$'\n'b. All else stays as it is, quotes included.
 *
 * Return: malloc'ed text; NULL without memory.
 */
char *quote_controls(const char *text);

/**
 * quote_word() - the same, in quotes only where a shell would not take it for that word otherwise
 *
 * Return: malloc'ed text; NULL without memory.
 */
char *quote_word(const char *word);

#endif
