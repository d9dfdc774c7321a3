/* SPDX-License-Identifier: MIT */
#include "ops/hash/merkle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST FL_MERKLE_DIGEST_BYTES

/* Padding in pieces, so that no thread needs a block of its own. */
static const unsigned char zeros[4096];

static int add_zeros(const struct fl_evp *evp, EVP_MD_CTX *ctx, size_t n)
{
	while (n > 0) {
		size_t now = n < sizeof(zeros) ? n : sizeof(zeros);

		if (!evp->update(ctx, zeros, now))
			return 0;
		n -= now;
	}
	return 1;
}

int fl_merkle_hash_block(const struct fl_merkle_params *params, EVP_MD_CTX *ctx,
			 const unsigned char *data, size_t len,
			 unsigned char ret[FL_MERKLE_DIGEST_BYTES])
{
	const struct fl_evp *evp = &params->evp;
	int ok = evp->init(ctx, params->md, NULL);

	if (ok && params->salt_len > 0)
		ok = evp->update(ctx, params->salt, sizeof(params->salt));
	ok = ok && evp->update(ctx, data, len) && add_zeros(evp, ctx, params->block_bytes - len) &&
	     evp->final(ctx, ret, NULL);
	return ok ? 0 : -FL_EUNSUPPORTED;
}

int fl_merkle_init(struct fl_merkle_tree *tree, const struct fl_merkle_params *params)
{
	memset(tree, 0, sizeof(*tree));
	tree->params = params;
	tree->ctx = params->evp.ctx_new();
	return tree->ctx ? 0 : -ENOMEM;
}

void fl_merkle_reset(struct fl_merkle_tree *tree)
{
	memset(tree->used, 0, sizeof(tree->used));
	tree->total_bytes = 0;
	tree->top = 0;
}

static int add(struct fl_merkle_tree *tree, unsigned level, const unsigned char *digest)
{
	if (!tree->block[level]) {
		tree->block[level] = malloc(tree->params->block_bytes);
		if (!tree->block[level])
			return -ENOMEM;
	}
	memcpy(tree->block[level] + tree->used[level], digest, DIGEST);
	tree->used[level] += DIGEST;
	if (level > tree->top)
		tree->top = level;
	return 0;
}

/* A level's block becomes a digest on the level above. */
static int raise_block(struct fl_merkle_tree *tree, unsigned level)
{
	unsigned char digest[DIGEST];
	int r = fl_merkle_hash_block(tree->params, tree->ctx, tree->block[level], tree->used[level],
				     digest);

	if (r < 0)
		return r;
	tree->used[level] = 0;
	return add(tree, level + 1, digest);
}

int fl_merkle_push(struct fl_merkle_tree *tree, const unsigned char *digests, size_t count)
{
	int r = 0;

	for (; count > 0 && r == 0; count--, digests += DIGEST) {
		r = add(tree, 0, digests);
		for (unsigned level = 0; r == 0 && tree->used[level] == tree->params->block_bytes;
		     level++)
			r = raise_block(tree, level);
	}
	return r;
}

/* The descriptor: struct fsverity_descriptor of linux/fsverity.h, version 1, SHA-256 (1). */
static int hash_descriptor(struct fl_merkle_tree *tree, const unsigned char *root,
			   unsigned char ret[FL_MERKLE_DIGEST_BYTES])
{
	const struct fl_merkle_params *params = tree->params;
	unsigned char d[256] = {1, 1, 0, (unsigned char)params->salt_len};

	while (1u << d[2] < params->block_bytes)
		d[2]++;
	for (int i = 0; i < 8; i++)
		d[8 + i] = (unsigned char)(tree->total_bytes >> 8 * i);
	memcpy(d + 16, root, DIGEST);
	memcpy(d + 80, params->salt, params->salt_len);
	return params->evp.init(tree->ctx, params->md, NULL) &&
			       params->evp.update(tree->ctx, d, sizeof(d)) &&
			       params->evp.final(tree->ctx, ret, NULL)
		       ? 0
		       : -FL_EUNSUPPORTED;
}

int fl_merkle_close(struct fl_merkle_tree *tree, unsigned char ret[FL_MERKLE_DIGEST_BYTES])
{
	/* The root of nothing is zeros (fsverity.rst). */
	static const unsigned char none[DIGEST];
	unsigned level = 0;
	int r = 0;

	for (; r == 0 && (level < tree->top || tree->used[level] > DIGEST); level++)
		if (tree->used[level] > 0)
			r = raise_block(tree, level);
	if (r < 0)
		return r;
	return hash_descriptor(tree, tree->used[level] > 0 ? tree->block[level] : none, ret);
}

/* What a state begins with; then, for each level up to the top, its bytes. */
struct merkle_state {
	uint64_t block_bytes;
	uint64_t salt_len;
	unsigned char salt[FL_MERKLE_SALT_BLOCK_BYTES];
	uint64_t total_bytes;
	uint64_t top;
	uint64_t used[FL_MERKLE_LEVELS_MAX];
};

size_t fl_merkle_state_bytes(const struct fl_merkle_tree *tree)
{
	size_t bytes = sizeof(struct merkle_state);

	for (unsigned level = 0; level <= tree->top; level++)
		bytes += tree->used[level];
	return bytes;
}

void fl_merkle_save(const struct fl_merkle_tree *tree, unsigned char *ret)
{
	struct merkle_state s = {.block_bytes = tree->params->block_bytes,
				 .salt_len = tree->params->salt_len,
				 .total_bytes = tree->total_bytes,
				 .top = tree->top};
	unsigned char *out = ret + sizeof(s);

	memcpy(s.salt, tree->params->salt, sizeof(s.salt));
	for (unsigned level = 0; level <= tree->top; level++) {
		s.used[level] = tree->used[level];
		if (tree->used[level] > 0)
			memcpy(out, tree->block[level], tree->used[level]);
		out += tree->used[level];
	}
	memcpy(ret, &s, sizeof(s));
}

static int is_sound(const struct fl_merkle_tree *tree, const struct merkle_state *s, size_t size)
{
	if (s->block_bytes != tree->params->block_bytes || s->salt_len != tree->params->salt_len ||
	    memcmp(s->salt, tree->params->salt, sizeof(s->salt)) != 0 ||
	    s->top >= FL_MERKLE_LEVELS_MAX)
		return 0;
	size -= sizeof(*s);
	for (unsigned level = 0; level <= s->top; level++) {
		if (s->used[level] > s->block_bytes || s->used[level] % DIGEST ||
		    s->used[level] > size)
			return 0;
		size -= (size_t)s->used[level];
	}
	/* The state has been padded. */
	return size < 8;
}

int fl_merkle_restore(struct fl_merkle_tree *tree, const unsigned char *state, size_t size)
{
	struct merkle_state s;
	int r = 0;

	if (size < sizeof(s))
		return -FL_ECORRUPT;
	memcpy(&s, state, sizeof(s));
	if (!is_sound(tree, &s, size))
		return -FL_ECORRUPT;
	fl_merkle_reset(tree);
	state += sizeof(s);
	for (unsigned level = 0; r == 0 && level <= s.top; level++)
		for (size_t at = 0; r == 0 && at < s.used[level]; at += DIGEST, state += DIGEST)
			r = add(tree, level, state);
	tree->total_bytes = s.total_bytes;
	tree->top = (unsigned)s.top;
	return r;
}

void fl_merkle_done(struct fl_merkle_tree *tree)
{
	for (unsigned i = 0; i < FL_MERKLE_LEVELS_MAX; i++)
		free(tree->block[i]);
	if (tree->ctx)
		tree->params->evp.ctx_free(tree->ctx);
}
