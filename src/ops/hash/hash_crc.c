/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/error.h"
#include "kern/crc.h"
#include "ops/hash/hash_impl.h"

struct crc_state {
	struct fl_crc crc;
	uint32_t reg;
};

/* A part: the register of @bytes input bytes, from zero. Host order, little-endian. */
struct crc_part {
	uint64_t bytes;
	uint32_t reg;
	uint32_t zero;
};

static int crc_init(struct fl_hash *hash, const struct fl_hash_options *opt FL_UNUSED,
		    struct fl_error *reterr)
{
	struct crc_state *s = malloc(sizeof(*s));

	if (!s)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	hash->state = s;
	return fl_crc_init(&s->crc, hash->kind->poly, FL_CRC_BEST);
}

static int crc_reset(struct fl_hash *hash)
{
	struct crc_state *s = hash->state;

	s->reg = UINT32_MAX;
	return 0;
}

static int crc_finish(struct fl_hash *hash)
{
	const struct crc_state *s = hash->state;

	for (int i = 0; i < 4; i++)
		hash->digest[i] = (unsigned char)(~s->reg >> (24 - 8 * i));
	return 0;
}

static void crc_done(struct fl_hash *hash)
{
	free(hash->state);
}

static int crc_map(const void *op, void *scratch FL_UNUSED, const struct fl_view *in,
		   struct fl_part *part, struct fl_error *reterr)
{
	const struct fl_hash *hash = op;
	const struct crc_state *s = hash->state;
	struct crc_part sum = {0};

	if (part->len == 0 && fl_part_append(part, &sum, sizeof(sum)) < 0)
		return fl_error_set(reterr, -ENOMEM, in->off, NULL);
	memcpy(&sum, part->data, sizeof(sum));
	sum.reg = in->warm ? fl_crc_update_warm(&s->crc, sum.reg, in->data, in->len)
			   : fl_crc_update(&s->crc, sum.reg, in->data, in->len);
	sum.bytes += in->len;
	memcpy(part->data, &sum, sizeof(sum));
	return 0;
}

static int crc_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_hash *hash = op;
	struct crc_state *s = hash->state;
	struct crc_part sum;

	if (part->len == 0)
		return 0;
	if (part->len != sizeof(sum))
		return fl_error_set(reterr, -EINVAL, part->off, NULL);
	memcpy(&sum, part->data, sizeof(sum));
	s->reg = fl_crc_shift(&s->crc, s->reg, sum.bytes) ^ sum.reg;
	return 0;
}

const struct fl_hash_family fl_hash_family_crc = {
	.ops = {.size = sizeof(struct fl_operator),
		.name = "hash",
		.cut = FL_CUT_UNIT,
		.unit_bytes = FL_HASH_STREAM_UNIT_BYTES,
		.flags = FL_OP_SHORT_PARTS,
		.start = fl_hash_op_start,
		.map = crc_map,
		.fold = crc_fold,
		.finish = fl_hash_op_finish},
	.init = crc_init,
	.reset = crc_reset,
	.finish = crc_finish,
	.done = crc_done,
};
