/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_CHECK_LINE_H
#define FAULTLINE_CLI_CHECK_LINE_H

#include <stddef.h>

#include <faultline/hash.h>

/**
 * struct check_line - a line of a file of digests
 * @name:   inside the line that was parsed, NUL-terminated, not escaped any more
 * @tagged: the line says which algorithm: @alg; @little_endian: xxhsum's "_LE"
 * @len:    bytes of @digest
 */
struct check_line {
	char *name;
	int tagged;
	enum fl_hash_alg alg;
	int little_endian;
	size_t len;
	unsigned char digest[FL_HASH_DIGEST_MAX];
};

/**
 * check_line_parse() - read what md5sum, sha256sum, b2sum, cksum, xxhsum, fsverity, openssl dgst
 * and we write
 * @line: @len bytes, which are changed; line[len] must be writable; with or without its newline
 *
 * GNU "hex  name" and "hex *name", reversed BSD "hex name", BSD "ALG (name) = hex", OpenSSL
 * "ALG(name)= hex", fsverity "sha256:hex name"; a backslash in front says that newline, carriage
 * return and backslash in the name are escaped.
 *
 * Return: 1; 0 for a line to be passed over (empty, or a comment with #); -EINVAL; -ENOTSUP for b2sum's
 * BLAKE2b of less than 512 bits, with @len.
 */
int check_line_parse(char *line, size_t len, struct check_line *ret);

#endif
