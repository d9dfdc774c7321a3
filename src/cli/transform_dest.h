/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_TRANSFORM_DEST_H
#define FAULTLINE_CLI_TRANSFORM_DEST_H

#include <sys/stat.h>

#include <faultline/error.h>
#include <faultline/output.h>

/**
 * struct transform_dest - where results go
 * @out:    the file being made, NULL: standard output
 * @path:   --rewrite: the file that it replaces, without symbolic links; malloc'ed
 * @before: what that was when it was opened
 */
struct transform_dest {
	struct fl_output *out;
	char *path;
	struct stat before;
};

/** transform_dest_open() - -o: begin a new file. Return: 0; a negative error. */
int transform_dest_open(struct transform_dest *dest, const char *name, struct fl_error *err);

/**
 * transform_dest_rewrite() - --rewrite: begin a new file beside the old one
 *
 * The file that a symbolic link leads to is the one that is rewritten.
 * Return: 0; a negative error: no regular file, several names (hard links), what
 * fl_output_open() returned.
 */
int transform_dest_rewrite(struct transform_dest *dest, const char *name, struct fl_error *err);

/** transform_dest_write() - append, to standard output where no file is being made. Return: 0; -errno. */
int transform_dest_write(struct transform_dest *dest, const void *data, size_t len);

/**
 * transform_dest_commit() - the new file takes its name, if it is wanted
 * @wanted: false: it is dropped
 *
 * Return: 0; -FL_ECHANGED where the old file changed meanwhile: it stays; errors of
 * fl_output_commit().
 */
int transform_dest_commit(struct transform_dest *dest, int wanted, struct fl_error *err);

#endif
