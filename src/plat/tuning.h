/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_TUNING_H
#define FL_PLAT_TUNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * DOC: What `faultline tune` found out, one line for each device and file system, in
 * $XDG_STATE_HOME/faultline/tune (else ~/.local/state/faultline/tune):
 *
 *   faultline-tune/1
 *   254:0 ef53 cold=window past=uring
 *
 * Lines that are not understood are left alone.
 */

/* Of a word in a line. */
#define FL_TUNING_WORD_BYTES 16

/**
 * struct fl_tuning - choices for one device
 * @cold: files that are not cached and may be: "readahead" (as without tuning), "window", "read"; empty = not known
 * @past: files that are read past the cache: "uring", "direct"; empty = not known
 */
struct fl_tuning {
	char cold[FL_TUNING_WORD_BYTES];
	char past[FL_TUNING_WORD_BYTES];
};

/* The child of `faultline tune` measures what --io=auto does without: set before its threads start. */
extern bool fl_tuning_ignored;

/**
 * fl_tuning_load() - of the device and file system that the open file is on
 * Cost: 30 us; a file that is not there 5 us.
 * Return: 0; -ENOENT where nothing is known; -errno.
 */
int fl_tuning_load(int fd, struct fl_tuning *ret);

/**
 * fl_tuning_store() - in place of what was there for that device; makes the directory
 * @ret_path: of the file, @n bytes
 * Return: 0; -ENOENT without a home; -errno.
 */
int fl_tuning_store(int fd, const struct fl_tuning *tuning, char *ret_path, size_t n);

#endif
