/* SPDX-License-Identifier: MIT */
#include <faultline/codec.h>

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"

struct fl_copy {
	int (*write)(void *arg, const void *data, size_t len);
	void *arg;
	uint64_t most_bytes;
	uint64_t bytes;
};

static int copy_start(void *op, const struct fl_run *run, struct fl_error *reterr)
{
	struct fl_copy *copy = op;

	(void)run;
	(void)reterr;
	copy->bytes = 0;
	return 0;
}

static int copy_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	(void)op;
	(void)scratch;
	(void)in;
	(void)part;
	(void)reterr;
	return 0;
}

static int copy_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_copy *copy = op;
	uint64_t len = part->end - part->off;
	size_t i;
	int r = 0;

	if (len > copy->most_bytes - copy->bytes)
		return fl_error_set(reterr, -FL_ELIMIT, FL_OFF_NONE,
				    "more than the %llu bytes that are allowed",
				    (unsigned long long)copy->most_bytes);
	copy->bytes += len;
	for (i = 0; r == 0 && copy->write && i < part->view_count; i++)
		r = copy->write(copy->arg, part->view[i].data, part->view[i].len);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, "write error: %s", fl_strerror(r));
	return r;
}

/* The bytes go from where they were decoded to the file, without a copy between. */
static const struct fl_operator copy_operator = {
	.size = sizeof(copy_operator),
	.name = "copy",
	.cut = FL_CUT_UNIT,
	.unit_bytes = 1,
	.flags = FL_OP_KEEP_VIEW,
	.start = copy_start,
	.map = copy_map,
	.fold = copy_fold,
};

/* Nobody wants the bytes: nothing waits for its turn. */
static const struct fl_operator look_operator = {
	.size = sizeof(look_operator),
	.name = "copy",
	.cut = FL_CUT_UNIT,
	.unit_bytes = 1,
	.start = copy_start,
	.map = copy_map,
	.fold = copy_fold,
};

int fl_copy_new(int (*write)(void *arg, const void *data, size_t len), void *arg,
		uint64_t most_bytes, struct fl_copy **ret)
{
	struct fl_copy *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = (struct fl_copy){.write = write, .arg = arg, .most_bytes = most_bytes};
	*ret = copy;
	return 0;
}

const struct fl_operator *fl_copy_operator(const struct fl_copy *copy)
{
	return copy->write ? &copy_operator : &look_operator;
}

uint64_t fl_copy_bytes(const struct fl_copy *copy)
{
	return copy->bytes;
}

void fl_copy_free(struct fl_copy *copy)
{
	free(copy);
}
