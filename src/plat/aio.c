/* SPDX-License-Identifier: MIT */
#include "plat/aio.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "plat/aio_impl.h"

struct fl_aio {
	const struct fl_aio_backend *backend;
	void *self;
};

int fl_aio_new(int fd, unsigned depth, bool uring, void *buffers, size_t buffer_bytes,
	       struct fl_aio **ret, struct fl_error *reterr)
{
	struct fl_aio *aio;
	int r;

	if (depth == 0)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	aio = calloc(1, sizeof(*aio));
	if (!aio)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	if (uring) {
		r = fl_aio_uring_new(fd, depth, buffers, buffer_bytes, &aio->backend, &aio->self,
				     reterr);
	} else {
		r = fl_aio_threads_new(fd, depth, &aio->backend, &aio->self);
		if (r < 0)
			fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	if (r < 0) {
		free(aio);
		return r;
	}
	*ret = aio;
	return 0;
}

int fl_aio_submit(struct fl_aio *aio, unsigned id, void *buf, size_t n, uint64_t off)
{
	return aio->backend->submit(aio->self, id, buf, n, off);
}

int64_t fl_aio_wait(struct fl_aio *aio, unsigned id)
{
	return aio->backend->wait(aio->self, id);
}

void fl_aio_free(struct fl_aio *aio)
{
	if (!aio)
		return;
	aio->backend->free(aio->self);
	free(aio);
}
