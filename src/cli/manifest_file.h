/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_MANIFEST_FILE_H
#define FAULTLINE_CLI_MANIFEST_FILE_H

#include <stdint.h>
#include <stdio.h>

#include <faultline/manifest.h>

/**
 * struct manifest_in - a manifest that is being read
 * @file: at its beginning, or standard input in a temporary file
 */
struct manifest_in {
	const char *name;
	FILE *file;
	struct fl_manifest_reader *reader;
};

/**
 * manifest_in_open() - open, look at all of it, and begin again
 * @name: "-" is standard input
 *
 * A manifest that is damaged itself must not accuse files. Return: 0; -errno or -FL_E... with @err.
 */
int manifest_in_open(struct manifest_in *in, const char *name, struct fl_error *err);

/** manifest_in_close() - fine after an open that failed */
void manifest_in_close(struct manifest_in *in);

/**
 * struct manifest_out - a file that appears under its name when it is complete
 * @path:    NULL for standard output
 * @partial: what it is called before, where it is written in several runs; left behind when it is
 *           closed before it is complete
 * @output:  else: what @file is written to
 * @sum:     of what was written (order_sum.h)
 * @writer:  for manifests
 */
struct manifest_out {
	const char *path;
	char *partial;
	struct fl_output *output;
	uint64_t sum;
	FILE *file;
	struct fl_manifest_writer *writer;
};

#define PARTIAL_SUFFIX ".partial"

/**
 * manifest_out_open() - @path: "-" is standard output
 * Return: 0; -EEXIST: there is something else than a manifest or its block sums; another -errno.
 */
int manifest_out_open(struct manifest_out *out, const char *path);

/** manifest_out_problem() - what to say of such an error */
const char *manifest_out_problem(int rc);

/**
 * manifest_out_open_partial() - the same for a manifest that is written in several runs
 *
 * It is called @path.partial before it is complete. What an earlier run has written is renamed to
 * @path.partial.old, for manifest_out_copy(). @resume: there is something to be gone on with.
 * Return: as for manifest_out_open().
 */
int manifest_out_open_partial(struct manifest_out *out, const char *path, int resume);

/**
 * manifest_out_copy() - after the header: the first @entries files that the earlier run has written
 * @sum: what @out's was then
 * Return: 0; -errno; -FL_ECORRUPT where they are not what was written.
 */
int manifest_out_copy(struct manifest_out *out, uint64_t entries, uint64_t sum);

/** manifest_out_forget_old() - what manifest_out_copy() has read is not needed any more */
void manifest_out_forget_old(const struct manifest_out *out);

/** manifest_out_temp() - the name it has before it is complete; NULL: none */
const char *manifest_out_temp(const struct manifest_out *out);

/** manifest_out_flush() - hand what was written to the kernel, with @sync to the device. Return: 0; -errno. */
int manifest_out_flush(struct manifest_out *out, int sync);

/** manifest_out_begin() - the header of a manifest. Return: 0; -errno. */
int manifest_out_begin(struct manifest_out *out, uint64_t leaf_bytes);

/** manifest_out_write() - @arg: struct manifest_out. Return: 0; -errno. */
int manifest_out_write(void *arg, const void *data, size_t len);

/** manifest_out_commit() - the last line, then give it its name. Return: 0; -errno. */
int manifest_out_commit(struct manifest_out *out);

/** manifest_out_close() - what was not committed is removed */
void manifest_out_close(struct manifest_out *out);

#endif
