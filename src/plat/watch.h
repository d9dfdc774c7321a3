/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_WATCH_H
#define FL_PLAT_WATCH_H

/**
 * struct fl_watch - tells when to look at a file again
 * @fd:   of inotify(7), or -1: it is not to be had
 * @file: the watch of the file
 */
struct fl_watch {
	int fd;
	int file;
};

/** fl_watch_init() - of @path, and of its directory, where another file may take its name */
void fl_watch_init(struct fl_watch *w, const char *path);

/** fl_watch_file() - another file has that name now: watch it, not the old one */
void fl_watch_file(struct fl_watch *w, const char *path);

/**
 * fl_watch_wait() - until something has changed, at most @ms milliseconds
 *
 * On network file systems, and without inotify, changes are not told: look at the file all the same.
 */
void fl_watch_wait(struct fl_watch *w, int ms);

/** fl_watch_done() - stop */
void fl_watch_done(struct fl_watch *w);

#endif
