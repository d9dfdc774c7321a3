/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/size.h"
#include "ops/hash/hash_impl.h"
#include "ops/hash/merkle.h"

/* What `fsverity digest` takes unless told otherwise, and the page size of most machines. */
#define BLOCK_DEFAULT 4096

struct verity_state {
	struct fl_merkle_params params;
	struct fl_merkle_tree tree;
};

static int check(const struct fl_hash_options *opt, uint32_t block, struct fl_error *reterr)
{
	if (opt->salt_len > FL_HASH_SALT_MAX)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "a salt has at most %d bytes",
				    FL_HASH_SALT_MAX);
	if (block < FL_MERKLE_BLOCK_MIN || block > FL_MERKLE_BLOCK_MAX || (block & (block - 1)))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "the block size is a power of two from %d to %u",
				    FL_MERKLE_BLOCK_MIN, FL_MERKLE_BLOCK_MAX);
	return 0;
}

static int verity_init(struct fl_hash *hash, const struct fl_hash_options *opt,
		       struct fl_error *reterr)
{
	uint32_t block = opt->block_bytes ? opt->block_bytes : BLOCK_DEFAULT;
	int r = check(opt, block, reterr);
	struct verity_state *s;

	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	hash->state = s;
	hash->ops.unit_bytes = block;
	s->params.block_bytes = block;
	s->params.salt_len = opt->salt_len;
	if (opt->salt_len)
		memcpy(s->params.salt, opt->salt, opt->salt_len);
	r = fl_evp_load(&s->params.evp, reterr);
	if (r == 0)
		r = fl_evp_fetch(&s->params.evp, "SHA2-256", &s->params.md, reterr);
	if (r < 0)
		return r;
	r = fl_merkle_init(&s->tree, &s->params);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

static int verity_reset(struct fl_hash *hash)
{
	struct verity_state *s = hash->state;

	fl_merkle_reset(&s->tree);
	return 0;
}

static int verity_finish(struct fl_hash *hash)
{
	struct verity_state *s = hash->state;

	return fl_merkle_close(&s->tree, hash->digest);
}

static void verity_done(struct fl_hash *hash)
{
	struct verity_state *s = hash->state;

	if (!s)
		return;
	if (s->params.md) {
		fl_merkle_done(&s->tree);
		s->params.evp.md_free(s->params.md);
	}
	free(s);
}

static int verity_worker_init(const void *op, void **ret_scratch, struct fl_error *reterr)
{
	const struct fl_hash *hash = op;
	const struct verity_state *s = hash->state;

	*ret_scratch = s->params.evp.ctx_new();
	return *ret_scratch ? 0 : fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
}

static void verity_worker_done(const void *op, void *scratch)
{
	const struct fl_hash *hash = op;
	const struct verity_state *s = hash->state;

	s->params.evp.ctx_free(scratch);
}

static size_t verity_state_bytes(const struct fl_hash *hash)
{
	const struct verity_state *s = hash->state;

	return fl_merkle_state_bytes(&s->tree);
}

static void verity_save(const struct fl_hash *hash, unsigned char *ret)
{
	const struct verity_state *s = hash->state;

	fl_merkle_save(&s->tree, ret);
}

static int verity_restore(struct fl_hash *hash, const unsigned char *state, size_t size)
{
	struct verity_state *s = hash->state;

	return fl_merkle_restore(&s->tree, state, size);
}

static uint64_t verity_seen(const struct fl_hash *hash)
{
	const struct verity_state *s = hash->state;

	return s->tree.total_bytes;
}

/* A part is the number of input bytes (8, host order) and a digest per block. */
static size_t room(const struct fl_part *part)
{
	size_t used = part->len ? part->len : sizeof(uint64_t);
	size_t blocks = part->limit > used ? (part->limit - used) / FL_MERKLE_DIGEST_BYTES : 0;

	/* An empty part takes one block whatever its limit, or nothing would ever move. */
	return part->len ? blocks : fl_max_size(blocks, 1);
}

static int append_leaves(const struct fl_merkle_params *params, EVP_MD_CTX *ctx,
			 const struct fl_view *in, struct fl_part *part)
{
	uint64_t bytes = 0;
	int r = fl_part_reserve(part, sizeof(bytes) + (in->len / params->block_bytes + 1) *
							      FL_MERKLE_DIGEST_BYTES);

	if (r < 0)
		return r;
	if (part->len)
		memcpy(&bytes, part->data, sizeof(bytes));
	else
		part->len = sizeof(bytes);
	for (size_t at = 0; at < in->len; at += params->block_bytes) {
		r = fl_merkle_hash_block(params, ctx, in->data + at,
					 fl_min_size(params->block_bytes, in->len - at),
					 part->data + part->len);
		if (r < 0)
			return r;
		part->len += FL_MERKLE_DIGEST_BYTES;
	}
	bytes += in->len;
	memcpy(part->data, &bytes, sizeof(bytes));
	return 0;
}

static int verity_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		      struct fl_error *reterr)
{
	const struct fl_hash *hash = op;
	const struct verity_state *s = hash->state;
	size_t block = s->params.block_bytes, fit = room(part);
	struct fl_view now = *in;
	int r;

	if (fit < (in->len + block - 1) / block)
		now.len = fit * block;
	r = append_leaves(&s->params, scratch, &now, part);
	if (r < 0)
		return fl_error_set(reterr, r, in->off, NULL);
	if (now.len == in->len)
		return 0;
	part->next_off = in->off + now.len;
	return FL_MAP_FULL;
}

static int verity_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_hash *hash = op;
	struct verity_state *s = hash->state;
	uint64_t bytes;
	int r;

	if (part->len == 0)
		return 0;
	if (part->len < sizeof(bytes) || (part->len - sizeof(bytes)) % FL_MERKLE_DIGEST_BYTES)
		return fl_error_set(reterr, -EINVAL, part->off, NULL);
	memcpy(&bytes, part->data, sizeof(bytes));
	s->tree.total_bytes += bytes;
	r = fl_merkle_push(&s->tree, part->data + sizeof(bytes),
			   (part->len - sizeof(bytes)) / FL_MERKLE_DIGEST_BYTES);
	return r < 0 ? fl_error_set(reterr, r, part->off, NULL) : 0;
}

const struct fl_hash_family fl_hash_family_fsverity = {
	.ops = {.size = sizeof(struct fl_operator),
		.name = "hash",
		.cut = FL_CUT_UNIT,
		.unit_bytes = BLOCK_DEFAULT,
		.start = fl_hash_op_start,
		.worker_init = verity_worker_init,
		.worker_done = verity_worker_done,
		.map = verity_map,
		.fold = verity_fold,
		.finish = fl_hash_op_finish},
	.init = verity_init,
	.reset = verity_reset,
	.finish = verity_finish,
	.done = verity_done,
	.state_bytes = verity_state_bytes,
	.save = verity_save,
	.restore = verity_restore,
	.seen = verity_seen,
};
