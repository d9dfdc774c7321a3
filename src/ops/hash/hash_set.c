/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/error.h"
#include "engine/pool.h"
#include "ops/hash/hash_impl.h"

/* Waking a thread takes some 10 us on the machines measured; MD5, the slowest digest but two,
 * needs that long for 8 KiB. Below four times this nothing is won. */
#define SIDE_BY_SIDE_BYTES 32768

/**
 * struct fl_hash_set
 * @hash:      @count of them
 * @stream:    the sequential ones among them
 * @threads:   of the run
 * @part, @next, @result: of the fold that is going on, for its threads
 */
struct fl_hash_set {
	struct fl_hash **hash;
	size_t count;
	struct fl_hash **stream;
	size_t stream_count;
	struct fl_pool *pool;
	unsigned threads;
	const struct fl_part *part;
	_Atomic size_t next;
	_Atomic int result;
};

static int set_start(void *op, const struct fl_run *run, struct fl_error *reterr)
{
	struct fl_hash_set *set = op;
	int r = 0;

	set->threads = run->threads;
	for (size_t i = 0; r == 0 && i < set->stream_count; i++)
		r = fl_hash_op_start(set->stream[i], run, reterr);
	return r;
}

static int set_finish(void *op, struct fl_error *reterr)
{
	struct fl_hash_set *set = op;
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->stream_count; i++)
		r = fl_hash_op_finish(set->stream[i], reterr);
	return r;
}

static void take_turns(void *arg, unsigned worker FL_UNUSED)
{
	struct fl_hash_set *set = arg;
	size_t i;

	while ((i = atomic_fetch_add(&set->next, 1)) < set->stream_count) {
		int r = fl_hash_stream_fold(set->stream[i], set->part, NULL);

		if (r < 0)
			atomic_store(&set->result, r);
	}
}

static int set_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_hash_set *set = op;
	unsigned threads = set->threads;
	int r;

	set->part = part;
	atomic_store(&set->next, 0);
	atomic_store(&set->result, 0);
	if (threads > set->stream_count)
		threads = (unsigned)set->stream_count;
	if (threads > 1 && part->end - part->off >= SIDE_BY_SIDE_BYTES)
		fl_pool_run(set->pool, threads, take_turns, set);
	else
		take_turns(set, 0);
	r = atomic_load(&set->result);
	return r < 0 ? fl_error_set(reterr, r, part->off, NULL) : 0;
}

static const struct fl_operator set_operator = {
	.size = sizeof(set_operator),
	.name = "hash",
	.cut = FL_CUT_UNIT,
	.unit_bytes = FL_HASH_STREAM_UNIT_BYTES,
	.flags = FL_OP_KEEP_VIEW,
	.start = set_start,
	.map = fl_hash_stream_map,
	.fold = set_fold,
	.finish = set_finish,
};

static int make_hashes(struct fl_hash_set *set, const struct fl_hash_options *opts,
		       struct fl_error *reterr)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->count; i++) {
		r = fl_hash_new_with(&opts[i], &set->hash[i], reterr);
		if (r == 0 && set->hash[i]->kind->family->update)
			set->stream[set->stream_count++] = set->hash[i];
	}
	return r;
}

int fl_hash_set_new(const struct fl_hash_options *opts, size_t count, struct fl_hash_set **ret,
		    struct fl_error *reterr)
{
	struct fl_hash_set *set;
	int r;

	if (count == 0)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	set = calloc(1, sizeof(*set));
	if (!set)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	set->hash = calloc(count, sizeof(*set->hash));
	set->stream = calloc(count, sizeof(*set->stream));
	set->count = set->hash ? count : 0;
	if (!set->hash || !set->stream || fl_pool_new(&set->pool) < 0)
		r = fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	else
		r = make_hashes(set, opts, reterr);
	if (r < 0) {
		fl_hash_set_free(set);
		return r;
	}
	*ret = set;
	return 0;
}

int fl_hash_set_add(struct fl_hash_set *set, struct fl_pipeline *pl)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < set->count; i++)
		if (!set->hash[i]->kind->family->update)
			r = fl_pipeline_add(pl, &set->hash[i]->ops, set->hash[i]);
	if (r == 0 && set->stream_count == 1)
		r = fl_pipeline_add(pl, &set->stream[0]->ops, set->stream[0]);
	else if (r == 0 && set->stream_count > 1)
		r = fl_pipeline_add(pl, &set_operator, set);
	return r;
}

size_t fl_hash_set_digest(const struct fl_hash_set *set, size_t i,
			  unsigned char ret[FL_HASH_DIGEST_MAX])
{
	return i < set->count ? fl_hash_digest(set->hash[i], ret) : 0;
}

int64_t fl_hash_set_save(const struct fl_hash_set *set, void *buf, size_t size, uint64_t *ret_off)
{
	int64_t n = fl_hash_state_save(set->hash, set->count, buf, size);

	if (n >= 0)
		*ret_off = fl_hash_state_seen(set->hash, set->count);
	return n;
}

int fl_hash_set_restore(struct fl_hash_set *set, const void *state, size_t size)
{
	return fl_hash_state_restore(set->hash, set->count, state, size);
}

void fl_hash_set_free(struct fl_hash_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++)
		fl_hash_free(set->hash[i]);
	fl_pool_free(set->pool);
	free(set->hash);
	free(set->stream);
	free(set);
}
