/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_SOURCE_IMPL_H
#define FL_WINDOW_SOURCE_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/source.h>

#include "plat/file.h"

/**
 * struct fl_source_ops - where a stream's bytes come from
 * @read:  up to n bytes, in order; called by one thread at a time.
 *         Return: bytes, 0 at the end, -EAGAIN "nothing yet, ask again" (so that the
 *         caller can look at its cancel flag), or -errno
 * @ready: would read return something at once?
 *
 * Files and pipes have one; a decoder that turns frames into bytes is another.
 * Sources that can be mapped or read at an offset do not need it.
 */
struct fl_source_ops {
	int64_t (*read)(struct fl_source *src, void *buf, size_t n);
	bool (*ready)(struct fl_source *src);
};

struct fl_source {
	const struct fl_source_ops *ops;
	struct fl_file file;
	char *name;
};

/** fl_source_seekable() - size known, any offset at any time */
static inline bool fl_source_seekable(const struct fl_source *src)
{
	return src->file.kind == FL_SOURCE_REGULAR || src->file.kind == FL_SOURCE_BLOCK;
}

#endif
