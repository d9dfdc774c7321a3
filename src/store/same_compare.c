/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/file.h"
#include "store/recovery.h"
#include "store/same_store.h"

/* The file is read in pieces of this size; changes lie close together. */
#define LOOK_BYTES FL_KIB(256)

/**
 * struct look - bytes [@off, @off + @len) of a file
 */
struct look {
	int fd;
	unsigned char *data;
	uint64_t off;
	size_t len;
};

/* Return: the byte at @off, -1 at the end of the file, or an error below it. */
static int byte_at(struct look *look, uint64_t off)
{
	int r;

	if (off < look->off || off >= look->off + look->len) {
		look->off = fl_round_down(off, 4096);
		r = fl_file_pread(look->fd, look->data, LOOK_BYTES, look->off, &look->len);
		if (r < 0)
			return r - 1;
		if (off >= look->off + look->len)
			return -1;
	}
	return look->data[off - look->off];
}

static int compare(struct look *look, const struct fl_change *c, struct fl_error *reterr)
{
	for (uint64_t k = 0; k < c->old_len; k++) {
		int byte = byte_at(look, c->off + k);

		if (byte < -1)
			return fl_error_set(reterr, byte + 1, c->off + k, NULL);
		if (byte != c->old_bytes[k] && byte != c->new_bytes[c->fill ? 0 : k])
			return fl_error_set(reterr, -FL_ECHANGED, c->off + k,
					    "this byte is neither the old nor the new one: "
					    "someone else changed the file");
	}
	return 0;
}

static int compare_run(struct fl_recovery *rec, struct look *look, struct fl_change_reader reader,
		       struct fl_error *reterr)
{
	uint64_t size = rec->header.size_bytes;
	struct fl_change c;
	int r;

	while ((r = fl_change_next(&reader, &c)) > 0) {
		if (c.old_len != c.new_len || c.off > size || c.old_len > size - c.off)
			return -FL_ECORRUPT;
		r = compare(look, &c, reterr);
		if (r < 0)
			return r;
		rec->changes++;
		rec->bytes += c.old_len;
	}
	return r;
}

int fl_same_compare(struct fl_recovery *rec, const struct fl_jgroup *g, struct fl_error *reterr)
{
	struct look look = {.fd = rec->job.target.fd, .data = malloc(LOOK_BYTES)};
	struct fl_change_reader reader;
	const unsigned char *p = g->data;
	size_t len = g->len;
	int r = 0;

	if (!look.data)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	while (r == 0 && (r = fl_same_next_run(&p, &len, &reader)) > 0)
		r = compare_run(rec, &look, reader, reterr);
	free(look.data);
	if (r == -FL_ECORRUPT)
		return fl_error_set(reterr, r, FL_OFF_NONE, "the journal contradicts itself");
	return r;
}
