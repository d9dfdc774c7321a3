/* SPDX-License-Identifier: MIT */
#include "plat/watch.h"

#include <libgen.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

void fl_watch_file(struct fl_watch *w, const char *path)
{
	if (w->file >= 0)
		inotify_rm_watch(w->fd, w->file);
	w->file = inotify_add_watch(w->fd, path,
				    IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF);
}

void fl_watch_init(struct fl_watch *w, const char *path)
{
	char *copy = strdup(path);

	w->file = -1;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	fl_watch_file(w, path);
	if (copy)
		inotify_add_watch(w->fd, dirname(copy), IN_CREATE | IN_MOVED_TO);
	free(copy);
}

void fl_watch_wait(struct fl_watch *w, int ms)
{
	struct pollfd fd = {.fd = w->fd, .events = POLLIN};
	char events[4096];

	if (poll(&fd, 1, ms) <= 0)
		return;
	/* What they say does not matter: the file is looked at anyway. */
	while (read(w->fd, events, sizeof(events)) > 0)
		continue;
}

void fl_watch_done(struct fl_watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = w->file = -1;
}
