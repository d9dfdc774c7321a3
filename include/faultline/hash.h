/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_HASH_H
#define FAULTLINE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>
#include <faultline/pipeline.h>

FL_BEGIN_DECLS

/**
 * DOC: Digests.
 *
 * XXH3 (64 bits), XXH128, CRC32, CRC32C and fs-verity run on all threads and are
 * bit for bit what a program that reads from front to back computes. The others
 * are sequential by construction: their map brings the bytes in, their fold
 * digests; several of them in one fl_hash_set run side by side.
 */
struct fl_hash;
struct fl_hash_set;

enum fl_hash_alg {
	FL_HASH_XXH32,
	FL_HASH_XXH64,
	FL_HASH_XXH3,
	FL_HASH_XXH128,
	FL_HASH_MD5,
	FL_HASH_SHA1,
	FL_HASH_SHA224,
	FL_HASH_SHA256,
	FL_HASH_SHA384,
	FL_HASH_SHA512,
	FL_HASH_SHA512_256,
	FL_HASH_SHA3_256,
	FL_HASH_BLAKE2B,  /* 512 bits */
	FL_HASH_BLAKE2S,  /* 256 bits */
	FL_HASH_CRC32,    /* gzip's and zlib's */
	FL_HASH_CRC32C,   /* Castagnoli's: iSCSI, ext4, Btrfs */
	FL_HASH_FSVERITY, /* SHA-256 Merkle tree, as the kernel's FS_IOC_MEASURE_VERITY */
	FL_HASH_BLAKE3    /* 256 bits; only where libblake3 was there when the library was built */
};

#define FL_HASH_DIGEST_MAX 64

/* linux/fsverity.h: fsverity_descriptor.salt */
#define FL_HASH_SALT_MAX 32

/** fl_hash_alg_from_name() - "xxh3", "sha512-256" ..., case ignored. Return: 0 or -EINVAL. */
FL_API int fl_hash_alg_from_name(const char *name, enum fl_hash_alg *ret);

/** fl_hash_alg_name() - lower-case name; NULL for another value: they are numbered without gaps */
FL_API const char *fl_hash_alg_name(enum fl_hash_alg alg);

/** fl_hash_alg_bytes() - length of the digest; 0 for another value */
FL_API size_t fl_hash_alg_bytes(enum fl_hash_alg alg);

/** fl_hash_alg_is_parallel() - Return: 1 when several threads share the work on one file, or 0 */
FL_API int fl_hash_alg_is_parallel(enum fl_hash_alg alg);

/**
 * struct fl_hash_options - which digest
 * @size:        sizeof this struct
 * @alg:         algorithm
 * @seed:        XXH only; 0 for the digests that people store; XXH32: below 2^32
 * @salt:        fs-verity only; @salt_len bytes, 0 .. FL_HASH_SALT_MAX; copied
 * @block_bytes: fs-verity only; a power of two, 64 .. 1 MiB; 0 = 4096
 */
struct fl_hash_options {
	size_t size;
	enum fl_hash_alg alg;
	uint64_t seed;
	const unsigned char *salt;
	size_t salt_len;
	uint32_t block_bytes;
};

/**
 * fl_hash_new() - a digest to be computed
 * @seed: as in struct fl_hash_options
 * Return: as fl_hash_new_with().
 */
FL_API int fl_hash_new(enum fl_hash_alg alg, uint64_t seed, struct fl_hash **ret);

/**
 * fl_hash_new_with() - the same with all options
 * Return: 0; -EINVAL; -ENOMEM; -FL_EUNSUPPORTED for what OpenSSL does not offer here (MD5 where
 * only the FIPS provider is loaded).
 */
FL_API int fl_hash_new_with(const struct fl_hash_options *opt, struct fl_hash **ret,
			    struct fl_error *reterr);

/** fl_hash_operator() - its code, for fl_pipeline_add(); lives as long as @hash */
FL_API const struct fl_operator *fl_hash_operator(const struct fl_hash *hash);

/**
 * fl_hash_digest() - of the last run that ended without error; before any, of no bytes
 * @ret: canonical (big-endian) bytes
 * Return: the digest's length in bytes.
 */
FL_API size_t fl_hash_digest(const struct fl_hash *hash, unsigned char ret[FL_HASH_DIGEST_MAX]);

/** fl_hash_free() - NULL is fine */
FL_API void fl_hash_free(struct fl_hash *hash);

/**
 * fl_hash_set_new() - several digests to be computed in one pass
 * @opts:  @count of them
 * @count: >= 1
 * Return: as fl_hash_new_with().
 */
FL_API int fl_hash_set_new(const struct fl_hash_options *opts, size_t count,
			   struct fl_hash_set **ret, struct fl_error *reterr);

/**
 * fl_hash_set_add() - add the operators of all of them to a pipeline
 *
 * The set must outlive the pipeline. Return: as fl_pipeline_add().
 */
FL_API int fl_hash_set_add(struct fl_hash_set *set, struct fl_pipeline *pl);

/** fl_hash_set_digest() - fl_hash_digest() of the one at @i, counted from 0 */
FL_API size_t fl_hash_set_digest(const struct fl_hash_set *set, size_t i,
				 unsigned char ret[FL_HASH_DIGEST_MAX]);

/**
 * fl_hash_set_save() - what is needed to go on later from where the folds are
 * @buf:     @size bytes; or NULL and 0, to ask how many there would have to be
 * @ret_off: how many bytes have been digested: the next run's range begins there
 *
 * For XXH3, XXH128 and fs-verity, in runs that begin at byte 0.
 * Threads: from the run's progress callback, or after a run.
 * Return: bytes; -ENOSPC; -EBUSY after a run that was cancelled in the middle of a chunk;
 * -FL_EUNSUPPORTED for other algorithms.
 */
FL_API int64_t fl_hash_set_save(const struct fl_hash_set *set, void *buf, size_t size,
				uint64_t *ret_off);

/**
 * fl_hash_set_restore() - the next run goes on from a saved state
 * Return: 0; -FL_ECORRUPT for a state of other algorithms or options, or one that is none; -ENOMEM;
 * -FL_EUNSUPPORTED.
 */
FL_API int fl_hash_set_restore(struct fl_hash_set *set, const void *state, size_t size);

/**
 * fl_hash_memory() - the digest of bytes in memory
 * Return: its length; -ENOMEM; -FL_EUNSUPPORTED as fl_hash_new_with().
 */
FL_API int fl_hash_memory(enum fl_hash_alg alg, const void *data, size_t len,
			  unsigned char ret[FL_HASH_DIGEST_MAX]);

/** fl_hash_set_free() - NULL is fine */
FL_API void fl_hash_set_free(struct fl_hash_set *set);

FL_END_DECLS

#endif
