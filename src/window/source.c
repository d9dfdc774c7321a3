/* SPDX-License-Identifier: MIT */
#include "window/source_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/poll.h"

/* How long a cancelled run may still sit in a read of a silent pipe. */
#define POLL_MS 50

static int64_t fd_read(struct fl_source *src, void *buf, size_t n)
{
	int fd = fl_source_raw_file(src)->fd;
	int ready = fl_poll_readable(fd, POLL_MS);

	if (ready < 0)
		return ready;
	if (ready == 0)
		return -EAGAIN;
	return fl_file_read(fd, buf, n, false);
}

static bool fd_ready(struct fl_source *src)
{
	return fl_poll_readable(fl_source_raw_file(src)->fd, 0) > 0;
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
	struct fl_source *src = NULL;
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
	struct fl_source *src = NULL;
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

static bool can_seek(const struct fl_file *file)
{
	return file->kind == FL_SOURCE_REGULAR || file->kind == FL_SOURCE_BLOCK;
}

void fl_source_set_decoder(struct fl_source *src, const struct fl_source_ops *ops, void *decoder,
			   const struct fl_frames *frames)
{
	src->raw = src->file;
	src->raw_ops = src->ops;
	src->file = (struct fl_file){.fd = -1,
				     .kind = FL_SOURCE_DECODED,
				     .size_bytes = frames ? frames->ends[frames->count - 1]
							  : FL_SIZE_UNKNOWN};
	src->ops = ops;
	src->decoder = decoder;
	src->frames = frames;
}

int fl_source_raw_pread(const struct fl_source *src, void *buf, size_t n, uint64_t off,
			size_t *ret_got)
{
	const struct fl_file *file = fl_source_raw_file(src);
	uint64_t left = file->size_bytes > off ? file->size_bytes - off : 0;

	*ret_got = 0;
	if (!can_seek(file))
		return -ESPIPE;
	/* What was appended since the file was opened is not part of it. */
	return fl_file_pread(file->fd, buf, (size_t)fl_min_u64(n, left), file->base_off + off,
			     ret_got);
}

int fl_source_raw_peek(const struct fl_source *src, void *buf, size_t n, size_t *ret_got)
{
	const struct fl_file *file = fl_source_raw_file(src);

	*ret_got = 0;
	if (!can_seek(file))
		return -ESPIPE;
	return fl_file_peek(file->fd, buf, (size_t)fl_min_u64(n, file->size_bytes), file->base_off,
			    ret_got);
}

int64_t fl_source_raw_read(struct fl_source *src, void *buf, size_t n)
{
	size_t got;
	int64_t r;

	if (can_seek(fl_source_raw_file(src))) {
		r = fl_source_raw_pread(src, buf, n, src->raw_pos, &got);
		if (r == 0)
			r = (int64_t)got;
	} else {
		r = (src->decoder ? src->raw_ops : src->ops)->read(src, buf, n);
	}
	if (r > 0)
		src->raw_pos += (uint64_t)r;
	return r;
}

void fl_source_close(struct fl_source *src)
{
	if (!src)
		return;
	if (src->ops->close)
		src->ops->close(src);
	if (src->decoder)
		fl_file_close(&src->raw);
	fl_file_close(&src->file);
	free(src->name);
	free(src);
}
