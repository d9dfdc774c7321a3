/* SPDX-License-Identifier: MIT */
#include "cli/same_place.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static int stat_folder(const char *path, struct stat *ret)
{
	size_t len = (size_t)(base_of(path) - path);
	char *folder = len > 0 ? strndup(path, len) : strdup(".");
	int rc = folder != NULL ? stat(folder, ret) : -1;

	free(folder);
	return rc;
}

int is_same_place(const char *path, const char *suffix, const char *name)
{
	const char *want = base_of(path), *base = base_of(name);
	size_t len = strlen(want);
	struct stat a, b;

	if (strncmp(base, want, len) != 0 || strcmp(base + len, suffix) != 0)
		return 0;
	return stat_folder(path, &a) == 0 && stat_folder(name, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}
