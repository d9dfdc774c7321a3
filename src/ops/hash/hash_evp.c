/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/error.h"
#include "ops/hash/evp.h"
#include "ops/hash/hash_impl.h"

/* EVP_MD_fetch(3) costs microseconds: once per hash, not once per file. */
struct evp_state {
	struct fl_evp evp;
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};

static int evp_init(struct fl_hash *hash, const struct fl_hash_options *opt FL_UNUSED,
		    struct fl_error *reterr)
{
	struct evp_state *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	hash->state = s;
	r = fl_evp_load(&s->evp, reterr);
	if (r == 0)
		r = fl_evp_fetch(&s->evp, hash->kind->evp, &s->md, reterr);
	if (r < 0)
		return r;
	s->ctx = s->evp.ctx_new();
	return s->ctx ? 0 : fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
}

static int evp_reset(struct fl_hash *hash)
{
	struct evp_state *s = hash->state;

	return s->evp.init(s->ctx, s->md, NULL) ? 0 : -FL_EUNSUPPORTED;
}

static int evp_update(struct fl_hash *hash, const unsigned char *p, size_t n)
{
	struct evp_state *s = hash->state;

	return s->evp.update(s->ctx, p, n) ? 0 : -FL_EUNSUPPORTED;
}

static int evp_finish(struct fl_hash *hash)
{
	struct evp_state *s = hash->state;

	return s->evp.final(s->ctx, hash->digest, NULL) ? 0 : -FL_EUNSUPPORTED;
}

static void evp_done(struct fl_hash *hash)
{
	struct evp_state *s = hash->state;

	if (!s)
		return;
	if (s->md) {
		s->evp.ctx_free(s->ctx);
		s->evp.md_free(s->md);
	}
	free(s);
}

const struct fl_hash_family fl_hash_family_evp = {
	.ops = FL_HASH_STREAM_OPERATOR,
	.init = evp_init,
	.reset = evp_reset,
	.update = evp_update,
	.finish = evp_finish,
	.done = evp_done,
};
