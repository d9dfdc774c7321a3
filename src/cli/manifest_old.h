/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_MANIFEST_OLD_H
#define FAULTLINE_CLI_MANIFEST_OLD_H

#include <stdint.h>
#include <stdio.h>

#include <faultline/manifest.h>

/**
 * struct manifest_old_file - a file of the manifest that --update begins with
 * @file: its name is the entry's own
 * @leaf: number of its first leaf among all leaves
 */
struct manifest_old_file {
	struct fl_manifest_file file;
	uint64_t leaf;
	uint64_t leaf_count;
};

/**
 * struct manifest_old - that manifest
 * @files:  @count of them, in the manifest's order; @by_name: the same, sorted
 * @leaves: all digests, in a temporary file
 */
struct manifest_old {
	uint64_t leaf_bytes;
	struct manifest_old_file *files;
	size_t count;
	const struct manifest_old_file **by_name;
	FILE *leaves;
};

/**
 * manifest_old_load() - read it; memory grows with the number of files, not of leaves
 * Return: 0; -ENOENT where there is none; other errors. @err is set for all.
 */
int manifest_old_load(struct manifest_old *old, const char *path, struct fl_error *err);

/** manifest_old_find() - Return: NULL if it does not hold the file; parts do not count */
const struct manifest_old_file *manifest_old_find(const struct manifest_old *old, const char *name);

/** manifest_old_seek() - manifest_old_next() goes on with the first leaf of @file. Return: 0; -errno. */
int manifest_old_seek(struct manifest_old *old, const struct manifest_old_file *file);

/** manifest_old_next() - the next leaf's digest. Return: 0; -errno. */
int manifest_old_next(struct manifest_old *old, unsigned char ret[FL_LEAF_DIGEST_BYTES]);

/** manifest_old_done() - free */
void manifest_old_done(struct manifest_old *old);

#endif
