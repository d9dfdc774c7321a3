/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_REDACT_CLASS_H
#define FL_OPS_TRANSFORM_REDACT_CLASS_H

#include <stdbool.h>

/* ASCII's classes: ctype.h follows the locale. */

static inline bool fl_is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static inline bool fl_is_alpha(unsigned char c)
{
	unsigned lower = c | 0x20u;

	return lower >= 'a' && lower <= 'z';
}

static inline bool fl_is_upper(unsigned char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool fl_is_alnum(unsigned char c)
{
	return fl_is_digit(c) || fl_is_alpha(c);
}

static inline bool fl_is_word(unsigned char c)
{
	return fl_is_alnum(c) || c == '_';
}

static inline bool fl_is_hex(unsigned char c)
{
	unsigned lower = c | 0x20u;

	return fl_is_digit(c) || (lower >= 'a' && lower <= 'f');
}

/* Of domain names. */
static inline bool fl_is_label(unsigned char c)
{
	return fl_is_alnum(c) || c == '-';
}

/* base64url, RFC 4648 */
static inline bool fl_is_base64url(unsigned char c)
{
	return fl_is_word(c) || c == '-';
}

/* Before the @ of an address. */
static inline bool fl_is_local(unsigned char c)
{
	return fl_is_alnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
}

#endif
