/* SPDX-License-Identifier: MIT */
#include "plat/tuning.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <faultline/output.h>

#define HEADER "faultline-tune/1\n"

/* "254:0 ef53 ": the file system by its number of statfs(2), which needs no look into mountinfo. */
#define KEY_BYTES 48

bool fl_tuning_ignored;

static int state_dir(char *ret, size_t n)
{
	const char *state = secure_getenv("XDG_STATE_HOME"), *home = secure_getenv("HOME");
	int len;

	/* Relative paths there are to be ignored (XDG Base Directory Specification). */
	if (state && *state == '/')
		len = snprintf(ret, n, "%s/faultline", state);
	else if (home && *home == '/')
		len = snprintf(ret, n, "%s/.local/state/faultline", home);
	else
		return -ENOENT;
	return len < 0 || (size_t)len >= n ? -ENAMETOOLONG : 0;
}

static int file_name(char *ret, size_t n)
{
	int r = state_dir(ret, n);
	size_t len;

	if (r < 0)
		return r;
	len = strlen(ret);
	if (len + sizeof("/tune") > n)
		return -ENAMETOOLONG;
	memcpy(ret + len, "/tune", sizeof("/tune"));
	return 0;
}

static int key_of(int fd, char ret[KEY_BYTES])
{
	struct statfs fs;
	struct stat st;

	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	snprintf(ret, KEY_BYTES, "%u:%u %lx ", major(st.st_dev), minor(st.st_dev),
		 (unsigned long)fs.f_type);
	return 0;
}

static void take_word(const char *line, const char *key, char ret[FL_TUNING_WORD_BYTES])
{
	const char *p = strstr(line, key);
	size_t n;

	*ret = '\0';
	if (!p)
		return;
	p += strlen(key);
	n = strcspn(p, " \n");
	if (n >= FL_TUNING_WORD_BYTES)
		return;
	memcpy(ret, p, n);
	ret[n] = '\0';
}

int fl_tuning_load(int fd, struct fl_tuning *ret)
{
	char path[PATH_MAX], key[KEY_BYTES], *line = NULL;
	size_t room = 0;
	bool ours = false;
	FILE *f;
	int r = file_name(path, sizeof(path));

	if (r < 0)
		return r;
	f = fopen(path, "re");
	if (!f)
		return -errno;
	r = key_of(fd, key);
	if (r == 0 && (getline(&line, &room, f) < 0 || strcmp(line, HEADER) != 0))
		r = -ENOENT;
	while (r == 0 && !ours && getline(&line, &room, f) > 0)
		ours = strncmp(line, key, strlen(key)) == 0;
	if (r == 0 && !ours)
		r = -ENOENT;
	if (r == 0) {
		take_word(line, " cold=", ret->cold);
		take_word(line, " past=", ret->past);
	}
	free(line);
	fclose(f);
	return r;
}

/* Each directory on the way. */
static int make_dirs(char *path)
{
	char *p;

	for (p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST) {
			*p = '/';
			return -errno;
		}
		*p = '/';
	}
	return 0;
}

/* All lines of @from but the header and those of @key. */
static void copy_others(FILE *from, FILE *to, const char *key)
{
	char *line = NULL;
	size_t room = 0;

	while (from && getline(&line, &room, from) > 0)
		if (strcmp(line, HEADER) != 0 && strncmp(line, key, strlen(key)) != 0)
			fputs(line, to);
	free(line);
}

/* Return: the text; NULL: no memory. */
static char *text_with(const char *path, const char *key, const struct fl_tuning *tuning,
		       size_t *ret_len)
{
	char *text = NULL;
	FILE *to = open_memstream(&text, ret_len), *from;

	if (!to)
		return NULL;
	fputs(HEADER, to);
	from = fopen(path, "re");
	copy_others(from, to, key);
	if (from)
		fclose(from);
	fprintf(to, "%scold=%s past=%s\n", key, tuning->cold, tuning->past);
	if (fclose(to) == 0)
		return text;
	free(text);
	return NULL;
}

/* A new file takes the old one's place: who reads meanwhile sees one of the two. */
static int replace(const char *path, const char *key, const struct fl_tuning *tuning)
{
	struct fl_output_options opt = {
		.size = sizeof(opt), .path = path, .flags = FL_OUTPUT_REPLACE};
	struct fl_output *out = NULL;
	size_t len = 0;
	char *text = text_with(path, key, tuning, &len);
	int r = text ? fl_output_open(&opt, &out, NULL) : -ENOMEM;

	if (r == 0)
		r = fl_output_write(out, text, len);
	if (r == 0)
		r = fl_output_commit(out, NULL);
	else
		fl_output_discard(out);
	free(text);
	return r;
}

int fl_tuning_store(int fd, const struct fl_tuning *tuning, char *ret_path, size_t n)
{
	char path[PATH_MAX], key[KEY_BYTES];
	int r = file_name(path, sizeof(path));

	if (r == 0)
		r = key_of(fd, key);
	if (r == 0)
		r = make_dirs(path);
	if (r == 0)
		r = replace(path, key, tuning);
	if (r == 0)
		snprintf(ret_path, n, "%s", path);
	return r;
}
