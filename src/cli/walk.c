/* SPDX-License-Identifier: MIT */
#include "cli/walk.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct walk {
	FTS *fts;
	const struct walk_options *opt;
	int implied;
};

/* A name that was given: "*.c" is to match "src/a.c", and "a.c" too. */
static int given_matches(const char *pattern, const char *name)
{
	const char *at = name;

	while (fnmatch(pattern, at, 0) != 0) {
		at = strchr(at, '/');
		if (at == NULL)
			return 0;
		at++;
	}
	return 1;
}

/* @found: in a directory, where grep looks at nothing but the name that it has there */
static int name_matches(const char *pattern, const char *name, int found)
{
	return found ? fnmatch(pattern, name, 0) == 0 : given_matches(pattern, name);
}

static int is_excluded(const struct walk_options *opt, const char *name, int found)
{
	for (size_t i = opt->rule_count; i-- > 0;)
		if (name_matches(opt->rules[i].pattern, name, found))
			return !opt->rules[i].include;
	return opt->rule_count > 0 && opt->rules[0].include;
}

static int is_no_dir(const struct walk_options *opt, const char *name, int found)
{
	for (size_t i = 0; i < opt->no_dir_count; i++)
		if (name_matches(opt->no_dirs[i], name, found))
			return 1;
	return 0;
}

int walk_excludes(const struct walk_options *opt, const char *name)
{
	struct stat st;

	if ((opt->rule_count == 0 && opt->no_dir_count == 0) || stat(name, &st) < 0)
		return 0;
	return S_ISDIR(st.st_mode) ? is_no_dir(opt, name, 0) : is_excluded(opt, name, 0);
}

static const char *name_of(const FTSENT *entry)
{
	return entry->fts_level == FTS_ROOTLEVEL ? entry->fts_path : entry->fts_name;
}

/* No --exclude-dir is meant for a start that nobody named. */
static int is_not_entered(const struct walk *walk, const FTSENT *entry)
{
	int start = entry->fts_level == FTS_ROOTLEVEL;

	return !(start && walk->implied) && is_no_dir(walk->opt, name_of(entry), !start);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

int walk_open(struct walk **ret, const char *start, int implied, const struct walk_options *opt)
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
	walk->implied = implied;
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
		if (entry->fts_info == FTS_D && is_not_entered(walk, entry))
			fts_set(walk->fts, entry, FTS_SKIP);
		if (!consider(walk, entry, ret_problem))
			continue;
		if (*ret_problem == NULL && entry->fts_info != FTS_SLNONE &&
		    is_excluded(walk->opt, name_of(entry), entry->fts_level != FTS_ROOTLEVEL))
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
