/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_SMART_CASE_H
#define FAULTLINE_CLI_SMART_CASE_H

#include <stddef.h>

/**
 * smart_case_ignores() - is -S the same as -i for these patterns?
 * @pattern: @len bytes, patterns that newlines separate
 * @syntax:  FL_SCAN_FIXED, FL_SCAN_EXTENDED, FL_SCAN_BASIC, or 0
 *
 * As in ripgrep: they hold a character that stands for itself, and no such one is a capital letter,
 * however it is written. Names of classes, groups and verbs stand for something else.
 */
int smart_case_ignores(const char *pattern, size_t len, unsigned syntax);

#endif
