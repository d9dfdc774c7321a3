/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_EDIT_UTF8_H
#define FL_OPS_TRANSFORM_EDIT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/** fl_utf8_is_ascii() - no byte above 127? */
bool fl_utf8_is_ascii(const unsigned char *p, size_t n);

/** fl_utf8_is_valid() - UTF-8 as RFC 3629 has it? */
bool fl_utf8_is_valid(const unsigned char *p, size_t n);

/** fl_utf8_char() - bytes of the character at @p, @n >= 1; 0 if none stands there */
size_t fl_utf8_char(const unsigned char *p, size_t n);

#endif
