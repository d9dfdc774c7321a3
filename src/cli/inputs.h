/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_INPUTS_H
#define FAULTLINE_CLI_INPUTS_H

#include <stddef.h>
#include <stdio.h>

#include <faultline/source.h>

#include "cli/common_options.h"

/**
 * struct inputs - the files of a run: operands, a list (--files-from), or standard input
 * @count:   how many names have been taken from there
 * @list_failed: reading the list has failed: that was its end
 * @problem: why the last file of inputs_next() should not be opened, or NULL
 */
struct inputs {
	const struct common_options *common;
	size_t count;
	int list_failed;
	const char *problem;
	struct walk *walk;
	FILE *list;
	char *line;
	size_t line_size;
};

/** inputs_init() - Return: 0, or -errno from opening the list */
int inputs_init(struct inputs *in, const struct common_options *common);

/**
 * inputs_next() - the next file name
 * @ret: valid until the next call; "-" is standard input; look at @in->problem before opening it
 *
 * With -r, directories have been replaced by the files below them (walk.h).
 * Return: 1; 0 at the end; -errno from reading the list.
 */
int inputs_next(struct inputs *in, const char **ret);

/**
 * inputs_rewind() - begin again
 * Return: 1; 0 where that cannot be done: a list that comes through a pipe.
 */
int inputs_rewind(struct inputs *in);

/** inputs_are_implied() - Return: 1 when no file was named, so that it is standard input */
int inputs_are_implied(const struct inputs *in);

/** inputs_may_be_several() - Return: 1 when output lines should begin with a file name */
int inputs_may_be_several(const struct inputs *in);

/** inputs_are_one_file() - Return: 1 when one name was given, and it is no directory's */
int inputs_are_one_file(const struct inputs *in);

/** inputs_done() - free */
void inputs_done(struct inputs *in);

/** input_is_stdin() - Return: 1 for "-" */
int input_is_stdin(const char *name);

/** inputs_ignore_journals() - --ignore-journal: files are read whatever rewrite of them was interrupted */
void inputs_ignore_journals(void);

/**
 * input_open() - fl_source_open(), or standard input for "-"
 * Return: as fl_source_open(); -FL_EUNFINISHED for a file that waits for faultline recover.
 */
int input_open(const char *name, struct fl_source **ret, struct fl_error *reterr);

/**
 * input_open_decoded() - input_open(), and decompress as common->decode_when says
 * Return: as fl_source_open() and fl_source_decode(), but 0 for success.
 */
int input_open_decoded(const struct common_options *common, const char *name,
		       struct fl_source **ret, struct fl_error *reterr);

/**
 * input_consume() - leave standard input at its end, where other readers of it expect it
 *
 * The library reads without moving the position. Pipes have no position: nothing is done.
 */
void input_consume(const char *name);

/* What standard input is called in messages, as in grep. */
#define STDIN_NAME "(standard input)"

#endif
