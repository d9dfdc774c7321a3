/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_HASH_H
#define FAULTLINE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>

/**
 * DOC: Digests.
 *
 * XXH3 (64 bits) and XXH128 run on all threads and are bit for bit what xxHash
 * computes over the whole input; XXH32 and XXH64 are sequential by
 * construction, so their map brings the bytes in and their fold digests.
 */
struct fl_hash;

enum fl_hash_alg {
	FL_HASH_XXH32,
	FL_HASH_XXH64,
	FL_HASH_XXH3,
	FL_HASH_XXH128
};

#define FL_HASH_DIGEST_MAX 64

/** fl_hash_alg_from_name() - "xxh3" and so on, case ignored. Return: 0 or -EINVAL. */
FL_API int fl_hash_alg_from_name(const char *name, enum fl_hash_alg *ret);

/** fl_hash_alg_name() - lower-case name; NULL for another value */
FL_API const char *fl_hash_alg_name(enum fl_hash_alg alg);

/**
 * fl_hash_new() - a digest to be computed
 * @seed: 0 for the digests that people store
 * Return: 0; -EINVAL; -ENOMEM.
 */
FL_API int fl_hash_new(enum fl_hash_alg alg, uint64_t seed, struct fl_hash **ret);

/** fl_hash_operator() - its code, for fl_pipeline_add() */
FL_API const struct fl_operator *fl_hash_operator(const struct fl_hash *hash);

/**
 * fl_hash_digest() - of the last run that ended without error
 * @ret: canonical (big-endian) bytes
 * Return: the digest's length in bytes.
 */
FL_API size_t fl_hash_digest(const struct fl_hash *hash, unsigned char ret[FL_HASH_DIGEST_MAX]);

/** fl_hash_free() - NULL is fine */
FL_API void fl_hash_free(struct fl_hash *hash);

#endif
