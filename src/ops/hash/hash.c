/* SPDX-License-Identifier: MIT */
#include <faultline/hash.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <xxhash.h>

#include "base/attr.h"
#include "kern/xxh3.h"
#include "ops/hash/hash_blocks.h"

/* xxHash specification: XXH3 and XXH128 treat up to this many bytes in other ways. */
#define SHORT_INPUT_BYTES 240
/* The smallest page of any machine supported: a larger step could miss one. */
#define PAGE_STEP_BYTES 4096

struct fl_hash {
	enum fl_hash_alg alg;
	uint64_t seed;
	XXH32_state_t *xxh32;
	XXH64_state_t *xxh64;
	unsigned char secret[FL_XXH3_SECRET_BYTES];
	struct fl_hash_blocks blocks;
};

static const char *const alg_names[] = {
	[FL_HASH_XXH32] = "xxh32",
	[FL_HASH_XXH64] = "xxh64",
	[FL_HASH_XXH3] = "xxh3",
	[FL_HASH_XXH128] = "xxh128",
};

#define ALG_COUNT (sizeof(alg_names) / sizeof(alg_names[0]))

/* XXH3 and XXH128 */

static int blocks_start(void *op, const struct fl_run *run FL_UNUSED,
			struct fl_error *reterr FL_UNUSED)
{
	struct fl_hash *hash = op;

	fl_hash_blocks_init(&hash->blocks);
	return 0;
}

static int blocks_map(const void *op, void *scratch FL_UNUSED, const struct fl_view *in,
		      struct fl_part *part, struct fl_error *reterr FL_UNUSED)
{
	const struct fl_hash *hash = op;

	return fl_hash_blocks_map(hash->secret, in, part);
}

static int blocks_fold(void *op, const struct fl_part *part, struct fl_error *reterr FL_UNUSED)
{
	struct fl_hash *hash = op;

	return fl_hash_blocks_fold(&hash->blocks, hash->secret, part);
}

static const struct fl_operator blocks_operator = {
	.size = sizeof(blocks_operator),
	.name = "hash",
	.cut = FL_CUT_UNIT,
	.unit_bytes = FL_XXH3_BLOCK_BYTES,
	.start = blocks_start,
	.map = blocks_map,
	.fold = blocks_fold,
};

/* XXH32 and XXH64 */

static int stream_start(void *op, const struct fl_run *run FL_UNUSED,
			struct fl_error *reterr FL_UNUSED)
{
	struct fl_hash *hash = op;

	if (hash->xxh32)
		XXH32_reset(hash->xxh32, (XXH32_hash_t)hash->seed);
	else
		XXH64_reset(hash->xxh64, hash->seed);
	return 0;
}

/* The digest is sequential; what can be done ahead of it is to bring the pages in. */
static int stream_map(const void *op FL_UNUSED, void *scratch FL_UNUSED, const struct fl_view *in,
		      struct fl_part *part FL_UNUSED, struct fl_error *reterr FL_UNUSED)
{
	for (size_t i = 0; i < in->len; i += PAGE_STEP_BYTES)
		(void)*(const volatile unsigned char *)(in->data + i);
	(void)*(const volatile unsigned char *)(in->data + in->len - 1);
	return 0;
}

static int stream_fold(void *op, const struct fl_part *part, struct fl_error *reterr FL_UNUSED)
{
	struct fl_hash *hash = op;

	for (size_t i = 0; i < part->view_count; i++) {
		const struct fl_view *v = &part->view[i];

		if (hash->xxh32)
			XXH32_update(hash->xxh32, v->data, v->len);
		else
			XXH64_update(hash->xxh64, v->data, v->len);
	}
	return 0;
}

static const struct fl_operator stream_operator = {
	.size = sizeof(stream_operator),
	.name = "hash",
	.cut = FL_CUT_UNIT,
	.unit_bytes = FL_XXH3_BLOCK_BYTES,
	.flags = FL_OP_KEEP_VIEW,
	.start = stream_start,
	.map = stream_map,
	.fold = stream_fold,
};

static int hash_init(struct fl_hash *hash)
{
	switch (hash->alg) {
	case FL_HASH_XXH32:
		hash->xxh32 = XXH32_createState();
		if (!hash->xxh32)
			return -ENOMEM;
		return stream_start(hash, NULL, NULL);
	case FL_HASH_XXH64:
		hash->xxh64 = XXH64_createState();
		if (!hash->xxh64)
			return -ENOMEM;
		return stream_start(hash, NULL, NULL);
	default:
		fl_xxh3_derive_secret(hash->seed, hash->secret);
		return blocks_start(hash, NULL, NULL);
	}
}

int fl_hash_alg_from_name(const char *name, enum fl_hash_alg *ret)
{
	for (size_t i = 0; i < ALG_COUNT; i++) {
		if (strcasecmp(name, alg_names[i]) == 0) {
			*ret = (enum fl_hash_alg)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *fl_hash_alg_name(enum fl_hash_alg alg)
{
	return (size_t)alg < ALG_COUNT ? alg_names[alg] : NULL;
}

int fl_hash_new(enum fl_hash_alg alg, uint64_t seed, struct fl_hash **ret)
{
	struct fl_hash *hash;
	int r;

	if (!fl_hash_alg_name(alg) || !ret)
		return -EINVAL;
	/* XXH32's seed has 32 bits: dropping some silently would give a digest not asked for. */
	if (alg == FL_HASH_XXH32 && seed > UINT32_MAX)
		return -EINVAL;
	hash = calloc(1, sizeof(*hash));
	if (!hash)
		return -ENOMEM;
	hash->alg = alg;
	hash->seed = seed;
	r = hash_init(hash);
	if (r < 0) {
		fl_hash_free(hash);
		return r;
	}
	*ret = hash;
	return 0;
}

const struct fl_operator *fl_hash_operator(const struct fl_hash *hash)
{
	return hash->xxh32 || hash->xxh64 ? &stream_operator : &blocks_operator;
}

static XXH64_hash_t digest64(const struct fl_hash *hash)
{
	const struct fl_hash_blocks *b = &hash->blocks;
	uint64_t acc[FL_XXH3_LANES];

	if (b->total_bytes <= SHORT_INPUT_BYTES)
		return XXH3_64bits_withSeed(b->tail.bytes, (size_t)b->total_bytes, hash->seed);
	fl_hash_blocks_close(b, hash->secret, acc);
	return fl_xxh3_finish64(acc, b->total_bytes, hash->secret);
}

static XXH128_hash_t digest128(const struct fl_hash *hash)
{
	const struct fl_hash_blocks *b = &hash->blocks;
	uint64_t acc[FL_XXH3_LANES];
	uint64_t lo;
	uint64_t hi;

	if (b->total_bytes <= SHORT_INPUT_BYTES)
		return XXH3_128bits_withSeed(b->tail.bytes, (size_t)b->total_bytes, hash->seed);
	fl_hash_blocks_close(b, hash->secret, acc);
	fl_xxh3_finish128(acc, b->total_bytes, hash->secret, &lo, &hi);
	return (XXH128_hash_t){.low64 = lo, .high64 = hi};
}

size_t fl_hash_digest(const struct fl_hash *hash, unsigned char ret[FL_HASH_DIGEST_MAX])
{
	union {
		XXH32_canonical_t h32;
		XXH64_canonical_t h64;
		XXH128_canonical_t h128;
	} canonical;
	size_t len = sizeof(canonical.h64);

	switch (hash->alg) {
	case FL_HASH_XXH32:
		XXH32_canonicalFromHash(&canonical.h32, XXH32_digest(hash->xxh32));
		len = sizeof(canonical.h32);
		break;
	case FL_HASH_XXH64:
		XXH64_canonicalFromHash(&canonical.h64, XXH64_digest(hash->xxh64));
		break;
	case FL_HASH_XXH3:
		XXH64_canonicalFromHash(&canonical.h64, digest64(hash));
		break;
	case FL_HASH_XXH128:
		XXH128_canonicalFromHash(&canonical.h128, digest128(hash));
		len = sizeof(canonical.h128);
		break;
	}
	memcpy(ret, &canonical, len);
	return len;
}

void fl_hash_free(struct fl_hash *hash)
{
	if (!hash)
		return;
	XXH32_freeState(hash->xxh32);
	XXH64_freeState(hash->xxh64);
	free(hash);
}
