/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include <zstd.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/codec/punch.h"
#include "ops/codec/zstd_stream.h"

/* ZSTD_DStreamInSize() and ...OutSize() are 128 KiB. */
#define PIECE_BYTES FL_KIB(128)
#define WINDOW_LOG_ANY 31

struct buffers {
	unsigned char packed[PIECE_BYTES];
	unsigned char want[PIECE_BYTES];
	unsigned char have[PIECE_BYTES];
};

static int compare(const unsigned char *want, const unsigned char *have, size_t len, uint64_t off,
		   struct fl_error *reterr)
{
	for (size_t k = 0; k < len; k++)
		if (have[k] != want[k] && have[k] != 0)
			return fl_error_set(
				reterr, -FL_ECHANGED, off + k,
				"someone else has written here since: nothing was written");
	return 0;
}

static int refill(const struct fl_punch_job *p, const struct fl_punch_frame_place *frame,
		  uint64_t *done, struct buffers *b, struct fl_packed *in)
{
	size_t want = (size_t)fl_min_u64(PIECE_BYTES, frame->row.packed_bytes - *done);
	int64_t got = fl_punch_read(p, true, b->packed, want, frame->packed + *done);

	if (got < (int64_t)want)
		return got < 0 ? (int)got : -EIO;
	*done += want;
	*in = (struct fl_packed){
		.data = b->packed, .len = want, .end = *done == frame->row.packed_bytes};
	return 0;
}

static int compare_all(const struct fl_punch_job *p, const struct fl_punch_frame_place *frame,
		       struct fl_zstd_stream *z, struct buffers *b, struct fl_error *reterr)
{
	struct fl_packed in = {.data = b->packed};
	uint64_t done = 0, off = frame->in;
	int64_t n, got;
	int r = 0;

	while (r == 0 && off < frame->in + frame->row.bytes) {
		n = fl_zstd_stream_decode(z, &in, b->want, PIECE_BYTES, reterr);
		if (n < 0)
			return (int)n;
		if (n == 0 && in.end)
			return fl_error_set(reterr, -FL_ECORRUPT, frame->packed,
					    "the output is damaged here");
		if (n == 0) {
			r = refill(p, frame, &done, b, &in);
			continue;
		}
		got = fl_punch_read(p, false, b->have, (size_t)n, off);
		if (got < 0)
			return fl_error_set(reterr, (int)got, off, NULL);
		r = compare(b->want, b->have, (size_t)got, off, reterr);
		if (r < 0)
			return r;
		off += (uint64_t)n;
	}
	return r < 0 ? fl_error_set(reterr, r, off, NULL) : 0;
}

int fl_punch_compare_frame(const struct fl_punch_job *p, const struct fl_punch_frame_place *frame,
			   struct fl_error *reterr)
{
	struct buffers *b = malloc(sizeof(*b));
	struct fl_zstd_stream *z = NULL;
	ZSTD_DDict *dict = NULL;
	int r = b ? 0 : -ENOMEM;

	if (r == 0 && p->plan.dict_len > 0) {
		dict = ZSTD_createDDict(p->plan.dict, p->plan.dict_len);
		r = dict ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = fl_zstd_stream_new(WINDOW_LOG_ANY, dict, &z);
	if (r < 0)
		fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	else
		r = compare_all(p, frame, z, b, reterr);
	fl_zstd_stream_free(z);
	ZSTD_freeDDict(dict);
	free(b);
	return r;
}
