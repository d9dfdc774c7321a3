/* SPDX-License-Identifier: MIT */
#include "store/journal_name.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plat/file.h"
#include "store/journal_block.h"

#define NAME_LONG 240u

/* Fowler, Noll, Vo: FNV-1a, 64 bits (draft-eastlake-fnv). */
static uint64_t fnv1a(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h;
}

char *fl_journal_name(const char *name)
{
	char *ret = NULL;
	int n;

	if (strlen(name) > NAME_LONG)
		n = asprintf(&ret, ".%016" PRIx64 ".faultline", fnv1a(name));
	else
		n = asprintf(&ret, ".%s.faultline", name);
	return n < 0 ? NULL : ret;
}

char *fl_journal_member_name(const char *main, uint64_t k)
{
	char *ret = NULL;
	int n;

	if (strlen(main) > NAME_LONG)
		n = asprintf(&ret, ".%016" PRIx64 ".faultline.%" PRIu64, fnv1a(main), k);
	else
		n = asprintf(&ret, "%s.%" PRIu64, main, k);
	return n < 0 ? NULL : ret;
}

int fl_journal_mark(const struct fl_target *t, uint64_t nonce, const char *journal)
{
	unsigned char value[8 + PATH_MAX];
	size_t dir_len = (size_t)(t->name - t->path);
	size_t name_len = strlen(journal);
	int r;

	if (dir_len + name_len > PATH_MAX)
		return 0;
	fl_put64(value, nonce);
	memcpy(value + 8, t->path, dir_len);
	memcpy(value + 8 + dir_len, journal, name_len);
	r = fl_target_mark(t, value, 8 + dir_len + name_len);
	/* The journal beside the file is found without it. */
	return r == -EOPNOTSUPP || r == -ENOSPC || r == -EDQUOT || r == -E2BIG ? 0 : r;
}

static int find_beside(const char *path, bool write, int *ret_dir, char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char *name = fl_journal_name(slash ? slash + 1 : path);
	int dir = fl_path_dir(path), fd = dir;

	if (!name)
		fd = -ENOMEM;
	if (fd >= 0)
		fd = fl_beside_open(dir, name, write);
	if (fd < 0) {
		if (dir >= 0)
			close(dir);
		free(name);
		return fd;
	}
	*ret_dir = dir;
	*ret_name = name;
	return fd;
}

/* The nonce must be the journal's: another file may have got that name since. */
static int find_marked(int fd, bool write, int *ret_dir, char **ret_name)
{
	char value[8 + PATH_MAX + 1];
	unsigned char tag[8];
	size_t got = 0;
	size_t n = fl_target_marked(fd, value, sizeof(value) - 1);
	char *slash;
	int dir, found;

	if (n <= 8)
		return -ENOENT;
	value[n] = '\0';
	slash = strrchr(value + 8, '/');
	if (!slash)
		return -ENOENT;
	dir = fl_path_dir(value + 8);
	if (dir < 0)
		return -ENOENT;
	found = fl_beside_open(dir, slash + 1, write);
	if (found >= 0 && (fl_file_pread(found, tag, sizeof(tag), 0, &got) < 0 ||
			   got != sizeof(tag) || memcmp(tag, value, sizeof(tag)) != 0)) {
		close(found);
		found = -ENOENT;
	}
	*ret_name = found >= 0 ? strdup(slash + 1) : NULL;
	if (found >= 0 && !*ret_name) {
		close(found);
		found = -ENOMEM;
	}
	if (found < 0) {
		close(dir);
		return found;
	}
	*ret_dir = dir;
	return found;
}

bool fl_journal_hint(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	char *name = fl_journal_name(last), *beside = NULL;
	bool hint = false;

	if (name && asprintf(&beside, "%.*s%s", (int)(last - path), path, name) >= 0) {
		hint = fl_path_exists(beside) || fl_path_marked(path);
		free(beside);
	}
	free(name);
	return hint;
}

int fl_journal_find(const char *path, int fd, bool write, int *ret_dir, char **ret_name)
{
	int found = find_beside(path, write, ret_dir, ret_name);

	return found == -ENOENT || found == -ELOOP ? find_marked(fd, write, ret_dir, ret_name)
						   : found;
}
