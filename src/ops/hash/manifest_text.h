/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_HASH_MANIFEST_TEXT_H
#define FL_OPS_HASH_MANIFEST_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/manifest.h>

/* The lines of a manifest (faultline/manifest.h has their form). */

#define FL_MANIFEST_HEADER "faultline-manifest 1 xxh128 leaf-size "

/* No name is longer than PATH_MAX; each byte of it may be written as two. */
#define FL_MANIFEST_LINE_MAX 16384

/** fl_manifest_hex() - @n bytes as 2 * @n digits, no NUL. Return: behind them. */
char *fl_manifest_hex(char *out, const unsigned char *bytes, size_t n);

/** fl_manifest_escape() - a name with \n, \r and \\; room for twice its length. Return: behind it. */
char *fl_manifest_escape(char *out, const char *name);

/**
 * struct fl_cursor - a line that is being taken apart
 * @p: what is left, up to @end
 */
struct fl_cursor {
	const char *p;
	const char *end;
};

/* Each takes its part from the beginning. Return: 1, or 0 where something else stands there. */
int fl_cursor_text(struct fl_cursor *c, const char *text);
int fl_cursor_u64(struct fl_cursor *c, uint64_t *ret);
int fl_cursor_hex(struct fl_cursor *c, unsigned char *ret, size_t n);

/** fl_cursor_file() - what follows "file " or "part "; @name: holds what is left, and a NUL */
int fl_cursor_file(struct fl_cursor *c, int part, struct fl_manifest_file *ret, char *name);

#endif
