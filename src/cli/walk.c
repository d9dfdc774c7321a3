/* SPDX-License-Identifier: MIT */
#include "cli/walk.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	FTS *fts;
	int devices;
};

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

int walk_open(struct walk **ret, const char *start, const struct walk_options *opt)
{
	/* Without chdir the names stay true for those who open them, on other threads. */
	int flags = FTS_PHYSICAL | FTS_NOCHDIR | (opt->no_dereference ? 0 : FTS_COMFOLLOW);
	struct walk *walk = calloc(1, sizeof(*walk));
	char *copy = strdup(start);
	char *starts[] = {copy, NULL};

	if (walk != NULL && copy != NULL)
		walk->fts = fts_open(starts, flags, by_name);
	free(copy);
	if (walk == NULL || walk->fts == NULL) {
		free(walk);
		return -ENOMEM;
	}
	walk->devices = opt->devices;
	*ret = walk;
	return 0;
}

/* Return: 1 = a file for the caller, 0 = go on. */
static int consider(const struct walk *walk, const FTSENT *entry, const char **ret_problem)
{
	int start = entry->fts_level == FTS_ROOTLEVEL;

	*ret_problem = NULL;
	switch (entry->fts_info) {
	case FTS_F:
		return 1;
	case FTS_DEFAULT:
		if (!start && !walk->devices)
			*ret_problem = "Is a device, FIFO or socket (--devices reads them)";
		return 1;
	case FTS_SL:
		if (start)
			*ret_problem = "Is a symbolic link";
		return start;
	case FTS_SLNONE:
		/* Opening a start that leads nowhere gives the message. */
		return start;
	case FTS_NS:
	case FTS_DNR:
	case FTS_ERR:
		*ret_problem = strerror(entry->fts_errno);
		return 1;
	default:
		return 0;
	}
}

int walk_next(struct walk *walk, const char **ret_name, const char **ret_problem)
{
	FTSENT *entry;

	for (;;) {
		errno = 0;
		entry = fts_read(walk->fts);
		if (entry == NULL)
			return -errno;
		if (!consider(walk, entry, ret_problem))
			continue;
		*ret_name = entry->fts_path;
		return 1;
	}
}

void walk_close(struct walk *walk)
{
	if (walk == NULL)
		return;
	fts_close(walk->fts);
	free(walk);
}
