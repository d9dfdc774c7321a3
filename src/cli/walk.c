/* SPDX-License-Identifier: MIT */
#include "cli/walk.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	FTS *fts;
	const struct walk_options *opt;
};

/* As grep does: "*.c" is to match "src/a.c", and "a.c" too. */
static int name_matches(const char *pattern, const char *name)
{
	for (const char *at = name; at != NULL; at = strchr(at, '/')) {
		at += at != name;
		if (fnmatch(pattern, at, 0) == 0)
			return 1;
	}
	return 0;
}

int walk_excludes(const struct walk_options *opt, const char *name)
{
	for (size_t i = opt->rule_count; i-- > 0;)
		if (name_matches(opt->rules[i].pattern, name))
			return !opt->rules[i].include;
	return opt->rule_count > 0 && opt->rules[0].include;
}

static int is_no_dir(const struct walk_options *opt, const char *name)
{
	for (size_t i = 0; i < opt->no_dir_count; i++)
		if (name_matches(opt->no_dirs[i], name))
			return 1;
	return 0;
}

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
	walk->opt = opt;
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
		if (!start && !walk->opt->devices && walk->opt->pass_over)
			return 0;
		if (!start && !walk->opt->devices)
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
		if (entry->fts_info == FTS_D && is_no_dir(walk->opt, entry->fts_path))
			fts_set(walk->fts, entry, FTS_SKIP);
		if (!consider(walk, entry, ret_problem))
			continue;
		if (*ret_problem == NULL && walk_excludes(walk->opt, entry->fts_path))
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
