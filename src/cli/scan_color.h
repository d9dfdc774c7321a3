/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_SCAN_COLOR_H
#define FAULTLINE_CLI_SCAN_COLOR_H

#include <faultline/scan.h>

/**
 * struct scan_color - output in colours, as grep --color prints it
 * @flags:  FL_SCAN_... of the search
 * @name:   of the file, or NULL where it is not shown
 * @eol:    ends a line
 * @in_line: the colour of what stands around matches has begun; 0 at first
 * @owes_cr: a CR has been seen that may be the line's last byte
 * @owes_tab: something precedes the line, but nothing of itself has been written yet
 */
struct scan_color {
	unsigned flags;
	const char *name;
	char eol;
	int in_line;
	int owes_cr;
	int owes_tab;
};

/** scan_color_wanted() - @when: "always", "never", "auto" or others. Return: 1, 0, -1: others. */
int scan_color_wanted(const char *when);

/** scan_color_init() - read GREP_COLORS */
void scan_color_init(void);

/** scan_color_event() - print one piece; @arg: struct scan_color. Return: 0 or -errno. */
int scan_color_event(void *arg, const struct fl_scan_event *event);

/** scan_color_name() - a file name by itself, in its colour */
void scan_color_name(const char *name);

/** scan_color_mark() - a separator in its colour */
void scan_color_mark(const char *text);

#endif
