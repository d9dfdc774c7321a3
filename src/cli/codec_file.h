/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_CODEC_FILE_H
#define FAULTLINE_CLI_CODEC_FILE_H

#include <stddef.h>

#include <faultline/output.h>

#include "cli/codec_options.h"
#include "cli/job.h"

/**
 * DOC: From FILE to FILE.zst and back: what compress and decompress do alike.
 *
 * Names, what is refused without -f, the one output of the file in hand, -o and
 * -c, --rm: zstd's meaning of each.
 */

/**
 * struct codec_run - the verb at work
 * @out:      where the bytes go: a file; NULL: standard output, or nowhere with @opt->test
 * @out_name: for messages; malloc'ed
 * @write_error: of the output, as -errno
 * @spoilt:  an input failed: an output for all is not made
 */
struct codec_run {
	struct job job;
	struct codec_options *opt;
	struct fl_output *out;
	char *out_name;
	int write_error;
	int spoilt;
};

/** codec_begin() - check what does not go together; ends the program if wrong */
void codec_begin(struct codec_run *run, struct codec_options *opt);

/**
 * codec_write() - callback of the library: @arg is a struct codec_run
 * Return: 0 or -errno.
 */
int codec_write(void *arg, const void *data, size_t len);

/**
 * codec_open() - may @name be an input, and where do its bytes go?
 * @derived: name of the output when neither -o nor -c says; taken over; NULL: refuse, it has been said
 * Return: 1; 0 when this file is left out (the message has been printed).
 */
int codec_open(struct codec_run *run, const char *name, char *derived);

/** codec_packed_name() - FILE.zst; malloc'ed, or NULL */
char *codec_packed_name(const char *name);

/** codec_may_read() - Return: 1; 0 for what zstd leaves out: directories, links without -f */
int codec_may_read(struct codec_run *run, const char *name);

/**
 * codec_close() - the file is done (@rc 0) or not: give the output its name or forget it; --rm
 * Return: 0; or a negative error, which has been told.
 */
int codec_close(struct codec_run *run, const char *name, int rc);

/** codec_refuse() - "NAME: TEXT" on stderr; the exit status will be 2 */
void codec_refuse(struct codec_run *run, const char *name, const char *text);

/** codec_end() - the output that several inputs share, statistics, clean-up. Return: exit status. */
int codec_end(struct codec_run *run);

#endif
