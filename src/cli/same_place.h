/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_SAME_PLACE_H
#define FAULTLINE_CLI_SAME_PLACE_H

/**
 * is_same_place() - is @name the file @path@suffix, whether it is there or not?
 *
 * "out" and "./out" are one, and so are names in one folder that is called in two ways.
 */
int is_same_place(const char *path, const char *suffix, const char *name);

#endif
