/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_HASH_OPTIONS_H
#define FAULTLINE_CLI_HASH_OPTIONS_H

#include <stddef.h>

#include <faultline/hash.h>

#include "cli/common_options.h"
#include "cli/hash_line.h"

/* Every algorithm there is, and a few of them again with other spellings. */
#define HASH_MAX 32

/**
 * struct hash_choice - digests that are computed together
 * @algs:       @count of them, in the order in which they are printed
 * @leaf_bytes: not 0: the leaves of a manifest, and no other digest
 */
struct hash_choice {
	struct fl_hash_options algs[HASH_MAX];
	size_t count;
	uint64_t leaf_bytes;
};

/**
 * struct hash_options - what `faultline hash` was asked for
 * @choice: -a, -H; XXH3 when there is none, except with -c
 * @seed, @salt, @salt_len, @block_bytes: for the algorithms that have them
 * @manifest, @update, @paranoid: --manifest and what goes with it; choice.leaf_bytes is set
 * @checkpoint, @checkpoint_every_ns: --checkpoint and its option
 * @check: -c, and the options that go with it; one of @status, @warn and common.quiet at most
 */
struct hash_options {
	struct common_options common;
	struct hash_choice choice;
	uint64_t seed;
	unsigned char salt[FL_HASH_SALT_MAX];
	size_t salt_len;
	uint32_t block_bytes;
	struct hash_layout layout;
	const char *manifest;
	int update;
	int paranoid;
	const char *checkpoint;
	uint64_t checkpoint_every_ns;
	int check;
	int status;
	int strict;
	int warn;
	int ignore_missing;
};

/** hash_options_parse() - wrong ones end the program */
void hash_options_parse(int argc, char **argv, struct hash_options *opt);

/** hash_options_of() - an algorithm with the seed, salt and block size asked for */
struct fl_hash_options hash_options_of(const struct hash_options *opt, enum fl_hash_alg alg);

#endif
