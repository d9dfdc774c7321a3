/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "ops/codec/igzip.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/library.h"
#include "base/size.h"
#include "ops/codec/cutter.h"

#ifdef HAVE_ISAL

#include <isa-l/igzip_lib.h>

#define NAME "gzip"

/* The library that the headers of ISA-L 2.30 belong to. */
#define LIBRARY "libisal.so.2"

/* RFC 1952, 2.3.1. */
#define RESERVED_FLAGS 0xE0u

struct functions {
	void (*init)(struct inflate_state *state);
	void (*init_head)(struct isal_gzip_header *head);
	int (*read_head)(struct inflate_state *state, struct isal_gzip_header *head);
	int (*inflate)(struct inflate_state *state);
};

enum place {
	BETWEEN,
	IN_HEAD,
	IN_MEMBER
};

/** struct igzip - @place: BETWEEN members at first */
struct igzip {
	struct functions f;
	struct inflate_state z;
	struct isal_gzip_header head;
	enum place place;
};

static const struct fl_symbol symbols[] = {
	{"isal_inflate_init", offsetof(struct functions, init)},
	{"isal_gzip_header_init", offsetof(struct functions, init_head)},
	{"isal_read_gzip_header", offsetof(struct functions, read_head)},
	{"isal_inflate", offsetof(struct functions, inflate)},
};

static int load(struct functions *ret, struct fl_error *reterr)
{
	return fl_library_load(LIBRARY, "ISA-L", symbols, sizeof(symbols) / sizeof(symbols[0]), ret,
			       reterr);
}

int fl_igzip_check(struct fl_error *reterr)
{
	struct functions f;

	return load(&f, reterr);
}

static int igzip_create(unsigned window_log_max, void **ret)
{
	struct igzip *g = malloc(sizeof(*g));

	(void)window_log_max;
	if (!g || load(&g->f, NULL) < 0) {
		free(g);
		return -ENOMEM;
	}
	g->place = BETWEEN;
	*ret = g;
	return 0;
}

static const char *reason(int code)
{
	switch (code) {
	case ISAL_INVALID_WRAPPER:
		return "no member begins here";
	case ISAL_UNSUPPORTED_METHOD:
		return "unknown compression method";
	case ISAL_INCORRECT_CHECKSUM:
		return "incorrect checksum or length";
	case ISAL_INVALID_LOOKBACK:
		return "invalid distance too far back";
	case ISAL_INVALID_SYMBOL:
		return "invalid code";
	default:
		return "invalid block";
	}
}

/* Members follow each other; zero bytes may fill the last block of a tape (gzip(1)). */
static void begin_member(struct igzip *g, struct fl_packed *in)
{
	while (in->pos < in->len && in->data[in->pos] == 0)
		in->pos++;
	if (in->pos == in->len)
		return;
	g->f.init(&g->z);
	g->f.init_head(&g->head);
	g->z.crc_flag = ISAL_GZIP;
	g->place = IN_HEAD;
}

/* RFC 1952: a decoder must refuse a member whose reserved flags are set, which ISA-L does not. */
static int read_head(struct igzip *g)
{
	int code = g->f.read_head(&g->z, &g->head);

	if (code == ISAL_DECOMP_OK && (g->head.flags & RESERVED_FLAGS))
		code = ISAL_INVALID_WRAPPER;
	if (code == ISAL_DECOMP_OK)
		g->place = IN_MEMBER;
	return code;
}

/* Return: 0; or what ISA-L has against the bytes, less than 0. */
static int step(struct igzip *g, struct fl_packed *in, void *out, uint32_t room)
{
	int code = 0;

	/* Not written to; its type lacks the const. */
	g->z.next_in = (uint8_t *)(uintptr_t)(in->data + in->pos);
	g->z.avail_in = (uint32_t)(in->len - in->pos);
	g->z.next_out = out;
	g->z.avail_out = room;
	if (g->place == IN_HEAD)
		code = read_head(g);
	if (g->place == IN_MEMBER) {
		code = g->f.inflate(&g->z);
		if (g->z.block_state == ISAL_BLOCK_FINISH)
			g->place = BETWEEN;
	}
	in->pos = in->len - g->z.avail_in;
	return code < 0 ? code : 0;
}

static int64_t igzip_decode(void *state, struct fl_packed *in, void *out, size_t n,
			    struct fl_error *reterr)
{
	struct igzip *g = state;
	uint32_t room = (uint32_t)fl_min_size(n, FL_UNPACK_STEP_MAX), got;
	size_t before;
	int code;

	do {
		before = in->pos;
		if (g->place == BETWEEN)
			begin_member(g, in);
		if (g->place == BETWEEN)
			return 0;
		code = step(g, in, out, room);
		if (code < 0)
			return fl_unpack_failed(in, NAME, reason(code), reterr);
		got = room - g->z.avail_out;
	} while (got == 0 && in->pos != before);
	if (got == 0 && in->end && in->pos == in->len && g->place != BETWEEN)
		return fl_unpack_ends_early(in, NAME, reterr);
	return got;
}

const struct fl_unpack fl_unpack_igzip = {.name = NAME,
					  .create = igzip_create,
					  .decode = igzip_decode,
					  .free = free,
					  .cutter = &fl_cutter_bgzf};

#else

const struct fl_unpack fl_unpack_igzip = {.name = "gzip"};

int fl_igzip_check(struct fl_error *reterr)
{
	return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE, "not built in");
}

#endif
