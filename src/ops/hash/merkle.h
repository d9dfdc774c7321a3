/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_HASH_MERKLE_H
#define FL_OPS_HASH_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/hash.h>

#include "ops/hash/evp.h"

/**
 * DOC: The SHA-256 Merkle tree of fs-verity.
 *
 * Each block of the file, the last one padded with zeros, is hashed; digests
 * are packed into blocks, which are hashed in the same way, until one digest is
 * left. Source: the kernel's Documentation/filesystems/fsverity.rst, "Merkle
 * tree" and "fs-verity descriptor".
 */
#define FL_MERKLE_DIGEST_BYTES 32
/* A tree of 2^64 bytes with the smallest blocks, which hold two digests, has 58 levels. */
#define FL_MERKLE_LEVELS_MAX 58
#define FL_MERKLE_BLOCK_MIN (2 * FL_MERKLE_DIGEST_BYTES)
#define FL_MERKLE_BLOCK_MAX (1u << 20)
/* SHA-256's input block: a salt is padded to it, so that its state can be kept (fsverity.rst). */
#define FL_MERKLE_SALT_BLOCK_BYTES 64

/**
 * struct fl_merkle_params - what all blocks of a tree are hashed with; read-only
 * @salt: @salt_len bytes, then zeros
 */
struct fl_merkle_params {
	struct fl_evp evp;
	EVP_MD *md;
	uint32_t block_bytes;
	size_t salt_len;
	unsigned char salt[FL_MERKLE_SALT_BLOCK_BYTES];
};

/**
 * struct fl_merkle_tree - the sequential side: one block per level that is not full yet
 * @block: allocated when the level is first reached
 * @used:  bytes in it
 * @top:   highest level that holds anything
 */
struct fl_merkle_tree {
	const struct fl_merkle_params *params;
	EVP_MD_CTX *ctx;
	uint64_t total_bytes;
	unsigned top;
	unsigned char *block[FL_MERKLE_LEVELS_MAX];
	size_t used[FL_MERKLE_LEVELS_MAX];
};

/**
 * fl_merkle_hash_block() - the digest of a block
 * @ctx: scratch, of the calling thread
 * @len: 1 .. block_bytes; zeros stand for what is missing
 * Return: 0; -FL_EUNSUPPORTED when OpenSSL fails.
 */
int fl_merkle_hash_block(const struct fl_merkle_params *params, EVP_MD_CTX *ctx,
			 const unsigned char *data, size_t len,
			 unsigned char ret[FL_MERKLE_DIGEST_BYTES]);

/** fl_merkle_init() - an empty tree; @params must outlive it. Return: 0; -ENOMEM. */
int fl_merkle_init(struct fl_merkle_tree *tree, const struct fl_merkle_params *params);

/** fl_merkle_reset() - empty again */
void fl_merkle_reset(struct fl_merkle_tree *tree);

/**
 * fl_merkle_push() - the next leaves
 * @digests: @count of them, one after the other
 * Memory: a block per level, 32 KiB for 2^64 bytes in blocks of 4096.
 * Return: 0; -ENOMEM; -FL_EUNSUPPORTED.
 */
int fl_merkle_push(struct fl_merkle_tree *tree, const unsigned char *digests, size_t count);

/**
 * fl_merkle_close() - the digest of the descriptor, which holds size and root
 * Pads what is not full: no push may follow before a reset.
 * Return: as fl_merkle_push().
 */
int fl_merkle_close(struct fl_merkle_tree *tree, unsigned char ret[FL_MERKLE_DIGEST_BYTES]);

/** fl_merkle_state_bytes(), fl_merkle_save() - a state to go on with; its size depends on what has
 * been pushed */
size_t fl_merkle_state_bytes(const struct fl_merkle_tree *tree);
void fl_merkle_save(const struct fl_merkle_tree *tree, unsigned char *ret);

/** fl_merkle_restore() - Return: 0; -FL_ECORRUPT, also for other parameters; -ENOMEM. */
int fl_merkle_restore(struct fl_merkle_tree *tree, const unsigned char *state, size_t size);

/** fl_merkle_done() - free */
void fl_merkle_done(struct fl_merkle_tree *tree);

#endif
