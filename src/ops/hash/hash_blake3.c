/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifdef HAVE_BLAKE3

#include <errno.h>
#include <stdlib.h>

#include <blake3.h>

#include "base/attr.h"
#include "base/error.h"
#include "ops/hash/hash_impl.h"

static int blake3_init(struct fl_hash *hash, const struct fl_hash_options *opt FL_UNUSED,
		       struct fl_error *reterr)
{
	hash->state = malloc(sizeof(blake3_hasher));
	return hash->state ? 0 : fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
}

static int blake3_reset(struct fl_hash *hash)
{
	blake3_hasher_init(hash->state);
	return 0;
}

static int blake3_update(struct fl_hash *hash, const unsigned char *p, size_t n)
{
	blake3_hasher_update(hash->state, p, n);
	return 0;
}

static int blake3_finish(struct fl_hash *hash)
{
	blake3_hasher_finalize(hash->state, hash->digest, BLAKE3_OUT_LEN);
	return 0;
}

static void blake3_done(struct fl_hash *hash)
{
	free(hash->state);
}

const struct fl_hash_family fl_hash_family_blake3 = {
	.ops = FL_HASH_STREAM_OPERATOR,
	.init = blake3_init,
	.reset = blake3_reset,
	.update = blake3_update,
	.finish = blake3_finish,
	.done = blake3_done,
};

#else

/* ISO C wants a translation unit to hold something. */
typedef int fl_hash_no_blake3;

#endif
