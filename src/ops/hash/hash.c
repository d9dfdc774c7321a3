/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <faultline/hash.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "kern/crc.h"
#include "ops/hash/hash_impl.h"

#define XXH(bits) &fl_hash_family_xxh##bits, NULL, 0
#define EVP(name) &fl_hash_family_evp, name, 0
#define CRC(poly) &fl_hash_family_crc, NULL, poly

/* Where only a digest's length is known, the first row that matches counts: the common ones come
 * first among those of one length. Names of EVP: provider documentation, OSSL_PROVIDER-default(7). */
static const struct fl_hash_kind kinds[] = {
	[FL_HASH_XXH32] = {"xxh32", 4, XXH(32)},
	[FL_HASH_XXH64] = {"xxh64", 8, XXH(64)},
	[FL_HASH_XXH3] = {"xxh3", 8, XXH(3)},
	[FL_HASH_XXH128] = {"xxh128", 16, XXH(128)},
	[FL_HASH_MD5] = {"md5", 16, EVP("MD5")},
	[FL_HASH_SHA1] = {"sha1", 20, EVP("SHA1")},
	[FL_HASH_SHA224] = {"sha224", 28, EVP("SHA2-224")},
	[FL_HASH_SHA256] = {"sha256", 32, EVP("SHA2-256")},
	[FL_HASH_SHA384] = {"sha384", 48, EVP("SHA2-384")},
	[FL_HASH_SHA512] = {"sha512", 64, EVP("SHA2-512")},
	[FL_HASH_SHA512_256] = {"sha512-256", 32, EVP("SHA2-512/256")},
	[FL_HASH_SHA3_256] = {"sha3-256", 32, EVP("SHA3-256")},
	[FL_HASH_BLAKE2B] = {"blake2b", 64, EVP("BLAKE2B-512")},
	[FL_HASH_BLAKE2S] = {"blake2s", 32, EVP("BLAKE2S-256")},
	[FL_HASH_CRC32] = {"crc32", 4, CRC(FL_CRC32_POLY)},
	[FL_HASH_CRC32C] = {"crc32c", 4, CRC(FL_CRC32C_POLY)},
	[FL_HASH_FSVERITY] = {"fsverity", 32, &fl_hash_family_fsverity, NULL, 0},
#ifdef HAVE_BLAKE3
	[FL_HASH_BLAKE3] = {"blake3", 32, &fl_hash_family_blake3, NULL, 0},
#endif
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

int fl_hash_alg_from_name(const char *name, enum fl_hash_alg *ret)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (strcasecmp(name, kinds[i].name) == 0) {
			*ret = (enum fl_hash_alg)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *fl_hash_alg_name(enum fl_hash_alg alg)
{
	return (size_t)alg < KIND_COUNT ? kinds[alg].name : NULL;
}

size_t fl_hash_alg_bytes(enum fl_hash_alg alg)
{
	return (size_t)alg < KIND_COUNT ? kinds[alg].digest_bytes : 0;
}

int fl_hash_alg_is_parallel(enum fl_hash_alg alg)
{
	return (size_t)alg < KIND_COUNT && !kinds[alg].family->update;
}

enum fl_hash_alg fl_hash_kind_alg(const struct fl_hash_kind *kind)
{
	return (enum fl_hash_alg)(kind - kinds);
}

int fl_hash_op_start(void *op, const struct fl_run *run, struct fl_error *reterr)
{
	struct fl_hash *hash = op;
	int r;

	if (hash->resumed) {
		hash->resumed = 0;
		if (run && run->off == hash->resume_off)
			return 0;
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "the state is of another place");
	}
	r = hash->kind->family->reset(hash);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "%s: %s", hash->kind->name,
				    fl_strerror(r))
		     : 0;
}

int fl_hash_op_finish(void *op, struct fl_error *reterr)
{
	struct fl_hash *hash = op;
	int r = hash->kind->family->finish(hash);

	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "%s: %s", hash->kind->name,
				    fl_strerror(r))
		     : 0;
}

static int check_options(const struct fl_hash_options *opt, struct fl_error *reterr)
{
	const struct fl_hash_family *f;

	if (opt->size != sizeof(*opt) || (size_t)opt->alg >= KIND_COUNT)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "no such digest");
	f = kinds[opt->alg].family;
	if (opt->seed && opt->alg > FL_HASH_XXH128)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "%s has no seed",
				    kinds[opt->alg].name);
	if ((opt->salt_len || opt->block_bytes) && f != &fl_hash_family_fsverity)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "%s has neither salt nor blocks",
				    kinds[opt->alg].name);
	return 0;
}

int fl_hash_new_with(const struct fl_hash_options *opt, struct fl_hash **ret,
		     struct fl_error *reterr)
{
	struct fl_hash *hash;
	int r = check_options(opt, reterr);

	if (r < 0)
		return r;
	hash = calloc(1, sizeof(*hash));
	if (!hash)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	hash->kind = &kinds[opt->alg];
	hash->ops = hash->kind->family->ops;
	hash->seed = opt->seed;
	r = hash->kind->family->init(hash, opt, reterr);
	if (r == 0)
		r = fl_hash_op_start(hash, NULL, reterr);
	if (r == 0)
		r = fl_hash_op_finish(hash, reterr);
	if (r < 0) {
		fl_hash_free(hash);
		return r;
	}
	*ret = hash;
	return 0;
}

int fl_hash_new(enum fl_hash_alg alg, uint64_t seed, struct fl_hash **ret)
{
	struct fl_hash_options opt = {.size = sizeof(opt), .alg = alg, .seed = seed};

	return fl_hash_new_with(&opt, ret, NULL);
}

const struct fl_operator *fl_hash_operator(const struct fl_hash *hash)
{
	return &hash->ops;
}

size_t fl_hash_digest(const struct fl_hash *hash, unsigned char ret[FL_HASH_DIGEST_MAX])
{
	memcpy(ret, hash->digest, hash->kind->digest_bytes);
	return hash->kind->digest_bytes;
}

/* As the engine would do it: views that a part can hold the results of. */
static int digest_views(struct fl_hash *hash, const unsigned char *data, size_t len)
{
	const struct fl_operator *ops = &hash->ops;
	struct fl_part part = {.limit = SIZE_MAX / 4};
	struct fl_view view = {.data = data, .len = len};
	void *scratch = NULL;
	int r = fl_hash_op_start(hash, NULL, NULL);

	part.view = &view;
	part.view_count = 1;
	if (r == 0 && ops->worker_init)
		r = ops->worker_init(hash, &scratch, NULL);
	if (r == 0 && len > 0)
		r = ops->map(hash, scratch, &view, &part, NULL);
	if (r == 0 && len > 0)
		r = ops->fold(hash, &part, NULL);
	if (r == 0)
		r = fl_hash_op_finish(hash, NULL);
	if (scratch)
		ops->worker_done(hash, scratch);
	free(part.data);
	return r;
}

int fl_hash_memory(enum fl_hash_alg alg, const void *data, size_t len,
		   unsigned char ret[FL_HASH_DIGEST_MAX])
{
	struct fl_hash *hash = NULL;
	int r = fl_hash_new(alg, 0, &hash);

	if (r == 0)
		r = digest_views(hash, data, len);
	if (r == 0)
		r = (int)fl_hash_digest(hash, ret);
	fl_hash_free(hash);
	return r;
}

void fl_hash_free(struct fl_hash *hash)
{
	if (!hash)
		return;
	hash->kind->family->done(hash);
	free(hash);
}
