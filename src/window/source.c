/* SPDX-License-Identifier: MIT */
#include "window/source_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plat/poll.h"

/* How long a cancelled run may still sit in a read of a silent pipe. */
#define POLL_MS 50

static int64_t fd_read(struct fl_source *src, void *buf, size_t n)
{
	int ready = fl_poll_readable(src->file.fd, POLL_MS);

	if (ready < 0)
		return ready;
	if (ready == 0)
		return -EAGAIN;
	return fl_file_read(src->file.fd, buf, n, false);
}

static bool fd_ready(struct fl_source *src)
{
	return fl_poll_readable(src->file.fd, 0) > 0;
}

static const struct fl_source_ops fd_ops = {.read = fd_read, .ready = fd_ready};

static int source_new(const char *name, struct fl_source **ret, struct fl_error *reterr)
{
	struct fl_source *src = calloc(1, sizeof(*src));

	if (src)
		src->name = strdup(name);
	if (!src || !src->name) {
		free(src);
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	}
	src->ops = &fd_ops;
	src->file.fd = -1;
	*ret = src;
	return 0;
}

int fl_source_open(const char *path, struct fl_source **ret, struct fl_error *reterr)
{
	struct fl_source *src;
	int r = source_new(path, &src, reterr);

	if (r < 0)
		return r;
	r = fl_file_open(path, &src->file, reterr);
	if (r < 0) {
		src->file.fd = -1;
		fl_source_close(src);
		return r;
	}
	*ret = src;
	return 0;
}

int fl_source_open_fd(int fd, const char *name, struct fl_source **ret, struct fl_error *reterr)
{
	struct fl_source *src;
	int r = source_new(name, &src, reterr);

	if (r < 0)
		return r;
	r = fl_file_from_fd(fd, &src->file, reterr);
	if (r < 0) {
		src->file.fd = -1;
		fl_source_close(src);
		return r;
	}
	*ret = src;
	return 0;
}

int fl_source_info(const struct fl_source *src, struct fl_source_info *ret)
{
	if (!src || ret->size < sizeof(*ret))
		return -EINVAL;
	ret->kind = src->file.kind;
	ret->size_bytes = src->file.size_bytes;
	ret->name = src->name;
	return 0;
}

void fl_source_close(struct fl_source *src)
{
	if (!src)
		return;
	fl_file_close(&src->file);
	free(src->name);
	free(src);
}
