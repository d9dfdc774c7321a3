/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_UTF8_H
#define FL_KERN_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/** fl_utf8_ascii_prefix() - how many bytes below 0x80 stand before the first other one */
size_t fl_utf8_ascii_prefix(const unsigned char *p, size_t n);

/** fl_utf8_is_ascii() - no byte above 127? */
bool fl_utf8_is_ascii(const unsigned char *p, size_t n);

/** fl_utf8_char() - bytes (1 to 4) of the character at @p, @n >= 1; 0 if none stands there */
size_t fl_utf8_char(const unsigned char *p, size_t n);

/** fl_utf8_is_valid() - UTF-8 as RFC 3629, section 4, has it, and as PCRE2 checks it? */
bool fl_utf8_is_valid(const unsigned char *p, size_t n);

#endif
