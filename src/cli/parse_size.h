/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_PARSE_SIZE_H
#define FAULTLINE_CLI_PARSE_SIZE_H

#include <stdint.h>

/**
 * faultline_parse_size() - a number of bytes as people write it
 * @text: decimal digits and a suffix: none or B; K, KiB, M, MiB, G, GiB, T, TiB
 *        (powers of 1024); KB, MB, GB, TB (powers of 1000). Letters as written
 *        here, except that k is taken for K.
 * @ret:  bytes
 *
 * Return: 0; -EINVAL when it is not a size; -ERANGE above 2^64 - 1.
 */
int faultline_parse_size(const char *text, uint64_t *ret);

/**
 * faultline_size_problem() - why a size was refused
 * @text: what was given
 * @code: what faultline_parse_size() returned
 * Return: static text that goes behind the quoted @text.
 */
const char *faultline_size_problem(const char *text, int code);

#endif
