/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_PSEUDO_FILE_H
#define FL_PLAT_PSEUDO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the kernel says in files of procfs, sysfs and cgroupfs. One read(2) each: such files are made up when
 * they are read. Threads: any.
 */

/**
 * fl_pseudo_text() - the first @room - 1 bytes of @path as a string
 *
 * Return: is there anything in it? If not, or if it cannot be read, @text is empty.
 */
bool fl_pseudo_text(const char *path, char *text, size_t room);

/** fl_pseudo_line() - the same, up to the first newline */
bool fl_pseudo_line(const char *path, char *text, size_t room);

/** fl_pseudo_number() - the decimal number that @path begins with; @fallback if it does not ("max", "-1") */
uint64_t fl_pseudo_number(const char *path, uint64_t fallback);

#endif
