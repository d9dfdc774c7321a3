/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_LEAF_LIST_H
#define FAULTLINE_CLI_LEAF_LIST_H

#include <stdint.h>
#include <stdio.h>

#include <faultline/manifest.h>

/**
 * struct leaf_list - digests of a file's leaves; begin with zeros
 * @count: added so far; @sum: of them (order_sum.h); @taken: the next one to be given
 * @reading: the temporary file does not stand at its end
 *
 * The first 1024 are held in memory (8 GiB of file in leaves of 8 MiB), the rest in
 * a temporary file, so that memory does not grow with the file.
 */
struct leaf_list {
	uint64_t count;
	uint64_t sum;
	uint64_t taken;
	int reading;
	uint64_t in_file_from;
	int has_file;
	unsigned char *held;
	FILE *rest;
};

/**
 * leaf_list_open() - keep all digests in the file @path, of which @count are there already
 * @sum: of these, as it was when they were written
 * Return: 0; -errno; -FL_ECORRUPT where it holds fewer, or others.
 */
int leaf_list_open(struct leaf_list *list, const char *path, uint64_t count, uint64_t sum);

/** leaf_list_flush() - hand what was added to the kernel, with @sync to the device. Return: 0; -errno. */
int leaf_list_flush(struct leaf_list *list, int sync);

/** leaf_list_add() - append. Return: 0; -errno. */
int leaf_list_add(struct leaf_list *list, const unsigned char digest[FL_LEAF_DIGEST_BYTES]);

/** leaf_list_seek() - leaf_list_next() goes on with the one at @i. Return: 0; -errno. */
int leaf_list_seek(struct leaf_list *list, uint64_t i);

/** leaf_list_next() - Return: 1; 0 at the end; -errno. */
int leaf_list_next(struct leaf_list *list, unsigned char ret[FL_LEAF_DIGEST_BYTES]);

/** leaf_list_done() - free; zeros again */
void leaf_list_done(struct leaf_list *list);

#endif
