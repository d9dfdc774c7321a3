/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "plat/watch.h"
#include "window/source_impl.h"

/* How long a cancelled run may still wait for a file that does not grow. */
#define WAIT_MS 50

/**
 * struct follow - a file that grows
 * @src:    first, so that a source is one
 * @at:     bytes read of the file that is open
 * @leaving: another file, or none, has its name
 * @notice: tells what happens to it
 */
struct follow {
	struct fl_source src;
	struct fl_watch watch;
	uint64_t at;
	bool leaving;
	void (*notice)(void *arg, const char *name, const char *text);
	void *arg;
};

static struct follow *follow_of(struct fl_source *src)
{
	return (struct follow *)(void *)src;
}

static void tell(const struct follow *f, const char *text)
{
	if (f->notice)
		f->notice(f->arg, f->src.name, text);
}

/* The old file has been read to its end. Return: whether there is another one. */
static bool take_other(struct follow *f)
{
	struct fl_file other;

	if (fl_file_open(f->src.name, &other, NULL) < 0) {
		fl_watch_wait(&f->watch, WAIT_MS);
		return false;
	}
	fl_file_close(&f->src.file);
	f->src.file = other;
	f->src.file.kind = FL_SOURCE_STREAM;
	f->src.file.size_bytes = FL_SIZE_UNKNOWN;
	f->at = 0;
	f->leaving = false;
	fl_watch_file(&f->watch, f->src.name);
	tell(f, "file was replaced; following the new one");
	return true;
}

static void look_for_cut(struct follow *f)
{
	struct fl_file_state now;

	if (fl_file_state(&f->src.file, &now) < 0 || now.size_bytes >= f->at)
		return;
	tell(f, "file truncated; reading it from its beginning");
	f->at = 0;
}

static int64_t follow_read(struct fl_source *src, void *buf, size_t n)
{
	struct follow *f = follow_of(src);
	size_t got = 0;
	int r;

	look_for_cut(f);
	r = fl_file_pread(src->file.fd, buf, n, f->at, &got);
	if (r < 0)
		return r;
	f->at += got;
	if (got > 0)
		return (int64_t)got;
	if (!fl_file_replaced(&src->file))
		f->leaving = false;
	else if (!f->leaving)
		f->leaving = true; /* What was written before it was replaced: look once more. */
	else if (take_other(f))
		return -EAGAIN;
	if (!f->leaving)
		fl_watch_wait(&f->watch, WAIT_MS);
	return -EAGAIN;
}

static bool follow_ready(struct fl_source *src)
{
	struct follow *f = follow_of(src);
	struct fl_file_state now;

	return fl_file_state(&src->file, &now) == 0 && now.size_bytes != f->at;
}

static void follow_close(struct fl_source *src)
{
	fl_watch_done(&follow_of(src)->watch);
}

static const struct fl_source_ops follow_ops = {
	.read = follow_read, .ready = follow_ready, .close = follow_close};

int fl_source_follow(const char *path,
		     void (*notice)(void *arg, const char *name, const char *text), void *arg,
		     struct fl_source **ret, struct fl_error *reterr)
{
	struct follow *f = calloc(1, sizeof(*f));
	int r;

	if (f)
		f->src.name = strdup(path);
	if (!f || !f->src.name) {
		free(f);
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	}
	r = fl_file_open(path, &f->src.file, reterr);
	if (r == 0 && f->src.file.kind != FL_SOURCE_REGULAR) {
		fl_file_close(&f->src.file);
		r = fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "only a file can be followed");
	}
	if (r < 0) {
		free(f->src.name);
		free(f);
		return r;
	}
	f->src.ops = &follow_ops;
	f->src.file.kind = FL_SOURCE_STREAM;
	f->src.file.size_bytes = FL_SIZE_UNKNOWN;
	f->notice = notice;
	f->arg = arg;
	fl_watch_init(&f->watch, path);
	*ret = &f->src;
	return 0;
}
