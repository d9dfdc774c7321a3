/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/attr.h"
#include "base/error.h"
#include "kern/xxh3.h"
#include "ops/hash/hash_blocks.h"
#include "ops/hash/hash_impl.h"

/* xxHash specification: XXH3 and XXH128 treat up to this many bytes in other ways. */
#define SHORT_INPUT_BYTES 240

struct blocks_state {
	unsigned char secret[FL_XXH3_SECRET_BYTES];
	struct fl_hash_blocks blocks;
	struct fl_hash_next next;
};

static int blocks_init(struct fl_hash *hash, const struct fl_hash_options *opt FL_UNUSED,
		       struct fl_error *reterr)
{
	struct blocks_state *s = malloc(sizeof(*s));

	if (!s)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	fl_xxh3_derive_secret(hash->seed, s->secret);
	s->next.folded = &s->blocks;
	hash->state = s;
	return 0;
}

static int blocks_reset(struct fl_hash *hash)
{
	struct blocks_state *s = hash->state;

	fl_hash_blocks_init(&s->blocks);
	return 0;
}

static void blocks_done(struct fl_hash *hash)
{
	free(hash->state);
}

static int blocks_map(const void *op, void *scratch FL_UNUSED, const struct fl_view *in,
		      struct fl_part *part, struct fl_error *reterr)
{
	const struct fl_hash *hash = op;
	struct blocks_state *s = hash->state;
	int r = fl_hash_blocks_map(s->secret, in, part, &s->next);

	return r < 0 ? fl_error_set(reterr, r, in->off, NULL) : r;
}

static int blocks_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_hash *hash = op;
	struct blocks_state *s = hash->state;
	int r = fl_hash_blocks_fold(&s->blocks, s->secret, part, &s->next);

	return r < 0 ? fl_error_set(reterr, r, part->off, NULL) : r;
}

static int finish64(struct fl_hash *hash)
{
	const struct blocks_state *s = hash->state;
	const struct fl_hash_blocks *b = &s->blocks;
	uint64_t acc[FL_XXH3_LANES];
	XXH64_canonical_t canonical;
	XXH64_hash_t h;

	if (b->total_bytes <= SHORT_INPUT_BYTES) {
		h = XXH3_64bits_withSeed(b->tail.bytes, (size_t)b->total_bytes, hash->seed);
	} else {
		fl_hash_blocks_close(b, s->secret, acc);
		h = fl_xxh3_finish64(acc, b->total_bytes, s->secret);
	}
	XXH64_canonicalFromHash(&canonical, h);
	memcpy(hash->digest, &canonical, sizeof(canonical));
	return 0;
}

void fl_hash_blocks_digest128(const struct fl_hash_blocks *b,
			      const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t seed,
			      unsigned char *ret)
{
	uint64_t acc[FL_XXH3_LANES], lo, hi;
	XXH128_canonical_t canonical;
	XXH128_hash_t h;

	if (b->total_bytes <= SHORT_INPUT_BYTES) {
		h = XXH3_128bits_withSeed(b->tail.bytes, (size_t)b->total_bytes, seed);
	} else {
		fl_hash_blocks_close(b, secret, acc);
		fl_xxh3_finish128(acc, b->total_bytes, secret, &lo, &hi);
		h = (XXH128_hash_t){.low64 = lo, .high64 = hi};
	}
	XXH128_canonicalFromHash(&canonical, h);
	memcpy(ret, &canonical, sizeof(canonical));
}

static int finish128(struct fl_hash *hash)
{
	const struct blocks_state *s = hash->state;

	fl_hash_blocks_digest128(&s->blocks, s->secret, hash->seed, hash->digest);
	return 0;
}

static size_t blocks_state_bytes(const struct fl_hash *hash FL_UNUSED)
{
	return sizeof(struct fl_hash_blocks);
}

static void blocks_save(const struct fl_hash *hash, unsigned char *ret)
{
	const struct blocks_state *s = hash->state;

	memcpy(ret, &s->blocks, sizeof(s->blocks));
}

static int blocks_restore(struct fl_hash *hash, const unsigned char *state, size_t size)
{
	struct blocks_state *s = hash->state;
	struct fl_hash_blocks b;

	if (size != sizeof(b))
		return -FL_ECORRUPT;
	memcpy(&b, state, sizeof(b));
	if (b.tail.len > FL_HASH_TAIL_BYTES)
		return -FL_ECORRUPT;
	s->blocks = b;
	return 0;
}

static uint64_t blocks_seen(const struct fl_hash *hash)
{
	const struct blocks_state *s = hash->state;

	return s->blocks.total_bytes;
}

#define BLOCKS_FAMILY(finisher)                                                                    \
	{                                                                                          \
		.ops = {.size = sizeof(struct fl_operator),                                        \
			.name = "hash",                                                            \
			.cut = FL_CUT_UNIT,                                                        \
			.unit_bytes = FL_XXH3_BLOCK_BYTES,                                         \
			.start = fl_hash_op_start,                                                 \
			.map = blocks_map,                                                         \
			.fold = blocks_fold,                                                       \
			.finish = fl_hash_op_finish,                                               \
			.carry = &fl_hash_carry},                                                  \
		.init = blocks_init, .reset = blocks_reset, .finish = finisher,                    \
		.done = blocks_done, .state_bytes = blocks_state_bytes, .save = blocks_save,       \
		.restore = blocks_restore, .seen = blocks_seen                                     \
	}

const struct fl_hash_family fl_hash_family_xxh3 = BLOCKS_FAMILY(finish64);
const struct fl_hash_family fl_hash_family_xxh128 = BLOCKS_FAMILY(finish128);
