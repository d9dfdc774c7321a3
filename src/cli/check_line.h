/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_CHECK_LINE_H
#define FAULTLINE_CLI_CHECK_LINE_H

#include <stddef.h>

#include <faultline/hash.h>

/**
 * struct check_line - a line of a file of digests
 * @name:   inside the line that was parsed, NUL-terminated, not escaped any more
 * @blanks: between digest and name, the asterisk included: 1 or 2; 0 where the form has no choice
 * @tagged: the line says which algorithm: @alg; @little_endian: xxhsum's "_LE"
 * @len:    bytes of @digest
 */
struct check_line {
	char *name;
	int blanks;
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

/**
 * check_line_follow() - read one blank, or two, as the lines before did
 * @form: 0 before the first line; the same for all lines of a list with digests of one length
 *
 * As in coreutils: were the forms mixed, a file whose name begins with a blank could pass for another.
 * In a list that begins with one blank, the second one is of the name.
 *
 * Return: 0; -EINVAL for one blank in a list that began with two.
 */
int check_line_follow(struct check_line *line, int *form);

#endif
