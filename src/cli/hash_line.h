/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_HASH_LINE_H
#define FAULTLINE_CLI_HASH_LINE_H

#include <stddef.h>

#include <faultline/hash.h>

/**
 * DOC: How digests are written.
 *
 * Each algorithm has a program that people know it by, whose lines ours are byte for byte:
 * xxhsum 0.8.1 (XXH), fsverity 1.5, and coreutils 9.1 (md5sum, sha256sum, b2sum ...) for all others.
 */

/**
 * struct hash_layout - options of output
 * @tag:           --tag: "SHA256 (name) = hex"
 * @zero:          -z: lines end with NUL, names are written as they are
 * @raw:           --raw: the bytes of the digests and nothing else
 * @little_endian: --little-endian: XXH digests the other way round
 * @binary:        -b: the '*' of coreutils
 */
struct hash_layout {
	int tag;
	int zero;
	int raw;
	int little_endian;
	int binary;
};

/** hash_tag() - "SHA256" */
const char *hash_tag(enum fl_hash_alg alg);

/**
 * hash_tag_find() - which algorithm a tag names
 * @text: @len bytes; the spellings of coreutils, xxhsum, OpenSSL and BSD
 * @ret_little_endian: 1 for xxhsum's "XXH64_LE"
 * Return: 1; 0 where it is none.
 */
int hash_tag_find(const char *text, size_t len, enum fl_hash_alg *ret, int *ret_little_endian);

/** hash_is_xxh() - Return: 1 for xxhsum's algorithms */
int hash_is_xxh(enum fl_hash_alg alg);

/** hash_reverse() - between big- and little-endian */
void hash_reverse(unsigned char *digest, size_t len);

/** hash_hex() - lower-case digits, NUL-terminated */
void hash_hex(const unsigned char *digest, size_t len, char ret[2 * FL_HASH_DIGEST_MAX + 1]);

/** hash_line_print() - one digest of one file, to standard output. @name: "-" is standard input */
void hash_line_print(const struct hash_layout *layout, enum fl_hash_alg alg,
		     const unsigned char *digest, const char *name);

/** hash_name_print() - write a name, its backslashes and line ends escaped if @escape */
void hash_name_print(const char *name, int escape);

#endif
