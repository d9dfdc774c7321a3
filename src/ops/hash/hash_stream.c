/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <xxhash.h>

#include "base/attr.h"
#include "base/error.h"
#include "ops/hash/hash_impl.h"

/* The smallest page of any machine supported: a larger step could miss one. */
#define PAGE_STEP_BYTES 4096

int fl_hash_stream_map(const void *op FL_UNUSED, void *scratch FL_UNUSED, const struct fl_view *in,
		       struct fl_part *part FL_UNUSED, struct fl_error *reterr FL_UNUSED)
{
	for (size_t i = 0; i < in->len; i += PAGE_STEP_BYTES)
		(void)*(const volatile unsigned char *)(in->data + i);
	(void)*(const volatile unsigned char *)(in->data + in->len - 1);
	return 0;
}

int fl_hash_stream_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_hash *hash = op;

	for (size_t i = 0; i < part->view_count; i++) {
		const struct fl_view *v = &part->view[i];
		int r = hash->kind->family->update(hash, v->data, v->len);

		if (r < 0)
			return fl_error_set(reterr, r, v->off, "%s: %s", hash->kind->name,
					    fl_strerror(r));
	}
	return 0;
}

/* XXH32 */

static int xxh32_init(struct fl_hash *hash, const struct fl_hash_options *opt,
		      struct fl_error *reterr)
{
	/* Dropping bits of the seed silently would give a digest not asked for. */
	if (opt->seed > UINT32_MAX)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "the seed of xxh32 has 32 bits");
	hash->state = XXH32_createState();
	return hash->state ? 0 : fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
}

static int xxh32_reset(struct fl_hash *hash)
{
	XXH32_reset(hash->state, (XXH32_hash_t)hash->seed);
	return 0;
}

static int xxh32_update(struct fl_hash *hash, const unsigned char *p, size_t n)
{
	XXH32_update(hash->state, p, n);
	return 0;
}

static int xxh32_finish(struct fl_hash *hash)
{
	XXH32_canonical_t canonical;

	XXH32_canonicalFromHash(&canonical, XXH32_digest(hash->state));
	memcpy(hash->digest, &canonical, sizeof(canonical));
	return 0;
}

static void xxh32_done(struct fl_hash *hash)
{
	XXH32_freeState(hash->state);
}

const struct fl_hash_family fl_hash_family_xxh32 = {
	.ops = FL_HASH_STREAM_OPERATOR,
	.init = xxh32_init,
	.reset = xxh32_reset,
	.update = xxh32_update,
	.finish = xxh32_finish,
	.done = xxh32_done,
};

/* XXH64 */

static int xxh64_init(struct fl_hash *hash, const struct fl_hash_options *opt FL_UNUSED,
		      struct fl_error *reterr)
{
	hash->state = XXH64_createState();
	return hash->state ? 0 : fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
}

static int xxh64_reset(struct fl_hash *hash)
{
	XXH64_reset(hash->state, hash->seed);
	return 0;
}

static int xxh64_update(struct fl_hash *hash, const unsigned char *p, size_t n)
{
	XXH64_update(hash->state, p, n);
	return 0;
}

static int xxh64_finish(struct fl_hash *hash)
{
	XXH64_canonical_t canonical;

	XXH64_canonicalFromHash(&canonical, XXH64_digest(hash->state));
	memcpy(hash->digest, &canonical, sizeof(canonical));
	return 0;
}

static void xxh64_done(struct fl_hash *hash)
{
	XXH64_freeState(hash->state);
}

const struct fl_hash_family fl_hash_family_xxh64 = {
	.ops = FL_HASH_STREAM_OPERATOR,
	.init = xxh64_init,
	.reset = xxh64_reset,
	.update = xxh64_update,
	.finish = xxh64_finish,
	.done = xxh64_done,
};
