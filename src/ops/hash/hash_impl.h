/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_HASH_HASH_IMPL_H
#define FL_OPS_HASH_HASH_IMPL_H

#include <stdint.h>

#include <faultline/hash.h>

/**
 * struct fl_hash_family - code that several algorithms share
 * @ops:    copied into each hash, because the unit may be an option
 * @init:   allocate the state and check the options; may leave work to @reset
 * @reset:  begin a message
 * @update: sequential families: the next bytes, in order; NULL for the others
 * @finish: write the digest to hash->digest
 * @done:   free the state; also after an @init that failed
 * @state_bytes, @save, @restore: a state that another process can go on with; NULL where there is
 *          none. restore returns 0 or -FL_ECORRUPT
 * @seen:   bytes folded so far; goes with @save
 *
 * Return of init, reset, update, finish: 0 or a negative error; init fills reterr.
 */
struct fl_hash_family {
	struct fl_operator ops;
	int (*init)(struct fl_hash *hash, const struct fl_hash_options *opt,
		    struct fl_error *reterr);
	int (*reset)(struct fl_hash *hash);
	int (*update)(struct fl_hash *hash, const unsigned char *p, size_t n);
	int (*finish)(struct fl_hash *hash);
	void (*done)(struct fl_hash *hash);
	size_t (*state_bytes)(const struct fl_hash *hash);
	void (*save)(const struct fl_hash *hash, unsigned char *ret);
	int (*restore)(struct fl_hash *hash, const unsigned char *state, size_t size);
	uint64_t (*seen)(const struct fl_hash *hash);
};

/**
 * struct fl_hash_kind - a row of the table of algorithms
 * @evp:  name in OpenSSL's default provider, for that family
 * @poly: reflected generator, for the CRC family
 */
struct fl_hash_kind {
	const char *name;
	size_t digest_bytes;
	const struct fl_hash_family *family;
	const char *evp;
	uint32_t poly;
};

/**
 * struct fl_hash
 * @resumed: a state was restored: the next run begins at @resume_off and goes on with it
 */
struct fl_hash {
	const struct fl_hash_kind *kind;
	struct fl_operator ops;
	uint64_t seed;
	void *state;
	unsigned char digest[FL_HASH_DIGEST_MAX];
	int resumed;
	uint64_t resume_off;
};

/** fl_hash_kind_alg() - which row it is */
enum fl_hash_alg fl_hash_kind_alg(const struct fl_hash_kind *kind);

/** fl_hash_state_save(), fl_hash_state_restore() - see fl_hash_set_save() */
int64_t fl_hash_state_save(struct fl_hash *const *hashes, size_t count, unsigned char *buf,
			   size_t size);
int fl_hash_state_restore(struct fl_hash *const *hashes, size_t count, const unsigned char *state,
			  size_t size);

/** fl_hash_state_seen() - bytes that have been folded into all of them */
uint64_t fl_hash_state_seen(struct fl_hash *const *hashes, size_t count);

/** fl_hash_carry - of a struct fl_hash with state_bytes, save and restore */
extern const struct fl_carry fl_hash_carry;

extern const struct fl_hash_family fl_hash_family_xxh32;
extern const struct fl_hash_family fl_hash_family_xxh64;
extern const struct fl_hash_family fl_hash_family_xxh3;
extern const struct fl_hash_family fl_hash_family_xxh128;
extern const struct fl_hash_family fl_hash_family_evp;
extern const struct fl_hash_family fl_hash_family_crc;
extern const struct fl_hash_family fl_hash_family_fsverity;
extern const struct fl_hash_family fl_hash_family_blake3;

/** fl_hash_op_start(), fl_hash_op_finish() - fl_operator callbacks over a struct fl_hash */
int fl_hash_op_start(void *op, const struct fl_run *run, struct fl_error *reterr);
int fl_hash_op_finish(void *op, struct fl_error *reterr);

/**
 * fl_hash_stream_map() - fl_operator.map of sequential families: have the pages there
 *
 * The digest is sequential; what can be done ahead of it is to bring the bytes in.
 */
int fl_hash_stream_map(const void *op, void *scratch, const struct fl_view *in,
		       struct fl_part *part, struct fl_error *reterr);

/* Cut of the sequential families: any number of bytes would do. This one goes with XXH3's. */
#define FL_HASH_STREAM_UNIT_BYTES 1024

/* The operator of a sequential family */
#define FL_HASH_STREAM_OPERATOR                                                                    \
	{                                                                                          \
		.size = sizeof(struct fl_operator), .name = "hash", .cut = FL_CUT_UNIT,            \
		.unit_bytes = FL_HASH_STREAM_UNIT_BYTES, .flags = FL_OP_KEEP_VIEW,                 \
		.start = fl_hash_op_start, .map = fl_hash_stream_map, .fold = fl_hash_stream_fold, \
		.finish = fl_hash_op_finish                                                        \
	}

/** fl_hash_stream_fold() - fl_operator.fold of sequential families: family->update() */
int fl_hash_stream_fold(void *op, const struct fl_part *part, struct fl_error *reterr);

#endif
