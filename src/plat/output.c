/* SPDX-License-Identifier: MIT */
#include <faultline/output.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/attributes.h"
#include "plat/file.h"
#include "plat/holes.h"
#include "plat/space_ahead.h"

#define WHILE_INCOMPLETE 0600

#define ALL_FLAGS                                                                                  \
	(FL_OUTPUT_REPLACE | FL_OUTPUT_SYNC | FL_OUTPUT_KEEP | FL_OUTPUT_NAMED | FL_OUTPUT_SPARSE)

/*
 * What cat and zstd write at a time. Longer writes make longer folios, and in a virtual machine that
 * gives free memory back to its host these are what has to be fetched again: `decompress -o` of
 * 4.5 GB took 8.5 s in writes of 1 MiB, and takes 2 to 3.
 */
#define WRITE_BYTES ((size_t)128 << 10)

/**
 * struct fl_output
 * @path:    the name to be
 * @temp:    its name until then, or NULL: none (O_TMPFILE), or @direct
 * @direct:  not a regular file: written as it is
 * @like:    take mode, owner and times from here
 * @like_path: its path, for FL_OUTPUT_KEEP
 * @bytes:   written, and holes
 * @sparse:  zeros become holes; @has_hole: some have
 * @zeros:   behind @bytes, neither written nor left out yet: more of them may come
 */
struct fl_output {
	int fd;
	char *path;
	char *temp;
	bool direct;
	bool has_like;
	char *like_path;
	struct stat like;
	unsigned flags;
	uint64_t bytes;
	bool sparse;
	bool has_hole;
	uint64_t zeros;
	struct fl_space_ahead space;
};

static void output_free(struct fl_output *out)
{
	int saved = errno;

	if (out->fd >= 0)
		close(out->fd);
	free(out->path);
	free(out->temp);
	free(out->like_path);
	free(out);
	errno = saved;
}

/* "dir/" of "dir/name", or "" */
static int directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (int)(slash - path) + 1 : 0;
}

static int open_directory(const char *path, int flags)
{
	int n = directory_length(path);
	char *dir = n > 0 ? strndup(path, (size_t)n) : strdup(".");
	int fd;

	if (!dir)
		return -ENOMEM;
	fd = open(dir, flags | O_CLOEXEC, WHILE_INCOMPLETE);
	free(dir);
	return fd < 0 ? -errno : fd;
}

/* "dir/.NAME.XXXXXX"; of a long name the beginning, so that it stays below NAME_MAX. */
static int temp_name(const char *path, char **ret)
{
	int n = directory_length(path);

	return asprintf(ret, "%.*s.%.200s.XXXXXX", n, path, path + n) < 0 ? -ENOMEM : 0;
}

static int open_temp(struct fl_output *out)
{
	int r = out->flags & FL_OUTPUT_NAMED ? -EOPNOTSUPP
					     : open_directory(out->path, O_TMPFILE | O_WRONLY);

	if (r != -EOPNOTSUPP && r != -EISDIR && r != -ENOENT && r != -EINVAL) {
		out->fd = r;
		return r < 0 ? r : 0;
	}
	r = temp_name(out->path, &out->temp);
	if (r < 0)
		return r;
	out->fd = mkostemp(out->temp, O_CLOEXEC);
	if (out->fd >= 0)
		return 0;
	r = -errno;
	free(out->temp);
	out->temp = NULL;
	return r;
}

/*
 * Of a file that takes the place of another one, ext4 writes blocks that have no place yet when it gets
 * the name, so that a crash leaves one of the two. It knows of no others: they would have to be synced.
 */
static int open_new(struct fl_output *out, bool replaces)
{
	int r = open_temp(out);

	if (r == 0)
		fl_space_ahead_init(&out->space, out->fd,
				    !(out->flags & FL_OUTPUT_NAMED) &&
					    (!replaces || (out->flags & FL_OUTPUT_SYNC)));
	return r;
}

static int open_any(struct fl_output *out)
{
	struct stat st;

	if (stat(out->path, &st) < 0)
		return open_new(out, false);
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (S_ISREG(st.st_mode))
		return out->flags & FL_OUTPUT_REPLACE ? open_new(out, true) : -EEXIST;
	out->direct = true;
	out->fd = open(out->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return out->fd < 0 ? -errno : 0;
}

int fl_output_open(const struct fl_output_options *opt, struct fl_output **ret,
		   struct fl_error *reterr)
{
	struct fl_output *out;
	int r = 0;

	if (opt->size != sizeof(*opt) || !opt->path || !*opt->path || (opt->flags & ~ALL_FLAGS))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	out = calloc(1, sizeof(*out));
	if (!out)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	out->fd = -1;
	out->flags = opt->flags;
	out->path = strdup(opt->path);
	if (!out->path)
		r = -ENOMEM;
	if (r == 0 && opt->like) {
		r = stat(opt->like, &out->like) < 0 ? -errno : 0;
		out->has_like = S_ISREG(out->like.st_mode);
		out->like_path = strdup(opt->like);
		if (r == 0 && !out->like_path)
			r = -ENOMEM;
	}
	if (r == 0 && (out->flags & FL_OUTPUT_KEEP) && opt->like &&
	    fl_attributes_fixed(opt->like)) {
		output_free(out);
		return fl_error_set(reterr, -EPERM, FL_OFF_NONE,
				    "is immutable or append-only (chattr)");
	}
	if (r == 0)
		r = open_any(out);
	out->sparse = (out->flags & FL_OUTPUT_SPARSE) && !out->direct;
	if (r < 0) {
		output_free(out);
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	*ret = out;
	return 0;
}

static int write_data(struct fl_output *out, const char *p, size_t len)
{
	ssize_t n;

	fl_space_ahead_take(&out->space, out->bytes, len);
	while (len > 0) {
		n = write(out->fd, p, fl_min_size(len, WRITE_BYTES));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		len -= (size_t)n;
		out->bytes += (uint64_t)n;
	}
	return 0;
}

/* From the first hole on no room is taken ahead: it would lie in the next one. */
static int make_hole(struct fl_output *out, uint64_t len)
{
	int r = fl_space_ahead_trim(&out->space, out->bytes);

	if (r < 0)
		return r;
	out->space.on = false;
	if (lseek(out->fd, (off_t)len, SEEK_CUR) < 0)
		return -errno;
	out->has_hole = true;
	out->bytes += len;
	return 0;
}

static int write_zeros(struct fl_output *out, size_t len)
{
	static const char zeros[FL_HOLE_BLOCK];
	int r = 0;

	for (size_t n; r == 0 && len > 0; len -= n) {
		n = fl_min_size(len, sizeof(zeros));
		r = write_data(out, zeros, n);
	}
	return r;
}

/* What comes next is no zero. */
static int settle_zeros(struct fl_output *out)
{
	struct fl_holes_run run = fl_holes_run(out->zeros, out->bytes);
	int r = write_zeros(out, run.before);

	out->zeros = 0;
	if (r == 0 && run.hole > 0)
		r = make_hole(out, run.hole);
	return r == 0 ? write_zeros(out, run.after) : r;
}

static int write_spans(struct fl_output *out, const char *p, size_t len)
{
	size_t n;
	bool hole;
	int r = 0;

	for (; r == 0 && len > 0; p += n, len -= n) {
		n = fl_holes_span(p, len, out->bytes, &hole);
		r = hole ? make_hole(out, n) : write_data(out, p, n);
	}
	return r;
}

/* Where a write ends says nothing about the file: zeros there wait for what comes behind them. */
static int write_sparse(struct fl_output *out, const char *p, size_t len)
{
	size_t n = out->zeros > 0 ? fl_zeros_leading(p, len) : 0;
	int r;

	out->zeros += n;
	if (n == len)
		return 0;
	r = settle_zeros(out);
	if (r < 0)
		return r;
	p += n;
	len -= n;
	n = fl_zeros_trailing(p, len);
	r = write_spans(out, p, len - n);
	if (r == 0)
		out->zeros = n;
	return r;
}

int fl_output_write(struct fl_output *out, const void *data, size_t len)
{
	return out->sparse ? write_sparse(out, data, len) : write_data(out, data, len);
}

/* What was taken ahead is given back, and a hole at the end belongs to the file. */
static int set_length(struct fl_output *out)
{
	int r = settle_zeros(out);

	if (r == 0)
		r = fl_space_ahead_trim(&out->space, out->bytes);
	if (r == 0 && out->has_hole && ftruncate(out->fd, (off_t)out->bytes) < 0)
		r = -errno;
	return r;
}

const char *fl_output_temp(const struct fl_output *out)
{
	return out->temp;
}

/* To ask umask(2) is to change it, for all threads: whoever makes a file at that moment lets everybody
 * write to it, and of two that ask at once the second puts back what the first had set. Linux 4.7 has
 * it in proc_pid_status(5). */
static mode_t file_mode_mask(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char *line = NULL;
	size_t room = 0;
	unsigned mask;
	bool found = false;

	while (f && !found && getline(&line, &room, f) > 0)
		found = sscanf(line, "Umask: %o", &mask) == 1;
	free(line);
	if (f)
		fclose(f);
	if (found)
		return mask;
	mask = umask(077);
	umask(mask);
	return mask;
}

static int set_attributes(struct fl_output *out)
{
	struct timespec times[2] = {out->like.st_atim, out->like.st_mtim};
	int r;

	if (!out->has_like)
		return fchmod(out->fd, 0666 & ~file_mode_mask()) < 0 ? -errno : 0;
	r = fl_attributes_owner(out->fd, out->like.st_uid, out->like.st_gid,
				out->like.st_mode & 07777);
	if (r == 0)
		r = fl_attributes_access(out->like_path, -1, out->fd);
	if (r < 0)
		return r;
	if (out->flags & FL_OUTPUT_KEEP)
		return fl_attributes_copy(out->like_path, out->fd);
	return futimens(out->fd, times) < 0 ? -errno : 0;
}

static int link_nameless(int fd, const char *name)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* A name that nobody has, for a file that shall replace another one. */
static int link_temp(struct fl_output *out)
{
	int r, tries, fd;

	for (tries = 0; tries < 100; tries++) {
		r = temp_name(out->path, &out->temp);
		if (r < 0)
			return r;
		fd = mkostemp(out->temp, O_CLOEXEC);
		if (fd < 0)
			return -errno;
		close(fd);
		unlink(out->temp);
		r = link_nameless(out->fd, out->temp);
		if (r == 0)
			return 0;
		free(out->temp);
		out->temp = NULL;
		if (r != -EEXIST)
			return r;
	}
	return -EEXIST;
}

/* Another file got the name meanwhile, and is replaced: see open_new(). */
static int sync_for_rename(const struct fl_output *out)
{
	if (!out->space.used || (out->flags & FL_OUTPUT_SYNC))
		return 0;
	return fdatasync(out->fd) < 0 ? -errno : 0;
}

static int give_name(struct fl_output *out)
{
	int r;

	if (!out->temp) {
		r = link_nameless(out->fd, out->path);
		if (r != -EEXIST || !(out->flags & FL_OUTPUT_REPLACE))
			return r;
		r = sync_for_rename(out);
		if (r == 0)
			r = link_temp(out);
		if (r < 0)
			return r;
	}
	if (out->flags & FL_OUTPUT_REPLACE)
		return rename(out->temp, out->path) < 0 ? -errno : 0;
	if (link(out->temp, out->path) < 0)
		return -errno;
	unlink(out->temp);
	return 0;
}

static int sync_directory(const char *path)
{
	int fd = open_directory(path, O_RDONLY | O_DIRECTORY), r;

	if (fd < 0)
		return fd;
	r = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return r;
}

int fl_output_commit(struct fl_output *out, struct fl_error *reterr)
{
	bool sync = out->flags & FL_OUTPUT_SYNC;
	int r = 0;

	if (!out->direct) {
		r = set_length(out);
		if (r == 0)
			r = set_attributes(out);
		if (r == 0 && sync)
			r = fsync(out->fd) < 0 ? -errno : 0;
		if (r == 0)
			r = give_name(out);
		if (r < 0 && out->temp)
			unlink(out->temp);
		if (r == 0 && sync)
			r = sync_directory(out->path);
	}
	if (close(out->fd) < 0 && r == 0)
		r = -errno;
	out->fd = -1;
	output_free(out);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

int fl_output_sync(int fd)
{
	return fdatasync(fd) < 0 && errno != EINVAL && errno != EROFS ? -errno : 0;
}

void fl_output_discard(struct fl_output *out)
{
	if (!out)
		return;
	if (out->temp)
		unlink(out->temp);
	output_free(out);
}

int fl_output_scratch(void)
{
	return fl_file_temp();
}
