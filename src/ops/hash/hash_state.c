/* SPDX-License-Identifier: MIT */
/* Digests that are gone on with in another run, or another process. */
#include <errno.h>
#include <string.h>

#include "base/size.h"
#include "ops/hash/hash_impl.h"

/* A set's state is a row of these, each followed by @bytes bytes, a multiple of 8. Host order. */
struct state_head {
	uint64_t alg;
	uint64_t bytes;
	uint64_t seen;
	uint64_t seed;
};

static size_t bytes_of(const struct fl_hash *hash)
{
	return (size_t)fl_round_up(hash->kind->family->state_bytes(hash), 8);
}

int64_t fl_hash_state_save(struct fl_hash *const *hashes, size_t count, unsigned char *buf,
			   size_t size)
{
	size_t need = 0;

	for (size_t i = 0; i < count; i++) {
		if (!hashes[i]->kind->family->state_bytes)
			return -FL_EUNSUPPORTED;
		need += sizeof(struct state_head) + bytes_of(hashes[i]);
	}
	for (size_t i = 1; i < count; i++)
		if (hashes[i]->kind->family->seen(hashes[i]) !=
		    hashes[0]->kind->family->seen(hashes[0]))
			return -EBUSY;
	if (need > size)
		return buf ? -ENOSPC : (int64_t)need;
	memset(buf, 0, need);
	for (size_t i = 0; i < count; i++) {
		struct state_head head = {.alg = (uint64_t)fl_hash_kind_alg(hashes[i]->kind),
					  .bytes = bytes_of(hashes[i]),
					  .seen = hashes[i]->kind->family->seen(hashes[i]),
					  .seed = hashes[i]->seed};

		memcpy(buf, &head, sizeof(head));
		hashes[i]->kind->family->save(hashes[i], buf + sizeof(head));
		buf += sizeof(head) + head.bytes;
	}
	return (int64_t)need;
}

uint64_t fl_hash_state_seen(struct fl_hash *const *hashes, size_t count)
{
	return count > 0 && hashes[0]->kind->family->seen ? hashes[0]->kind->family->seen(hashes[0])
							  : 0;
}

static int restore_one(struct fl_hash *hash, const unsigned char *state, size_t size,
		       size_t *ret_taken)
{
	const struct fl_hash_family *f = hash->kind->family;
	struct state_head head;

	if (!f->restore)
		return -FL_EUNSUPPORTED;
	if (size < sizeof(head))
		return -FL_ECORRUPT;
	memcpy(&head, state, sizeof(head));
	if (head.alg != (uint64_t)fl_hash_kind_alg(hash->kind) || head.seed != hash->seed ||
	    head.bytes > size - sizeof(head) ||
	    f->restore(hash, state + sizeof(head), (size_t)head.bytes) < 0)
		return -FL_ECORRUPT;
	*ret_taken = sizeof(head) + (size_t)head.bytes;
	hash->resumed = 1;
	hash->resume_off = head.seen;
	return 0;
}

int fl_hash_state_restore(struct fl_hash *const *hashes, size_t count, const unsigned char *state,
			  size_t size)
{
	size_t taken = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		r = restore_one(hashes[i], state, size, &taken);
		state += taken;
		size -= r == 0 ? taken : 0;
	}
	if (r == 0 && size > 0)
		r = -FL_ECORRUPT;
	for (size_t i = 0; r < 0 && i < count; i++)
		hashes[i]->resumed = 0;
	return r;
}

static size_t carry_bytes(const void *op)
{
	const struct fl_hash *hash = op;

	return hash->kind->family->state_bytes(hash);
}

static void carry_save(const void *op, unsigned char *ret)
{
	const struct fl_hash *hash = op;

	hash->kind->family->save(hash, ret);
}

static int carry_load(void *op, const unsigned char *state, size_t size)
{
	struct fl_hash *hash = op;

	return hash->kind->family->restore(hash, state, size);
}

const struct fl_carry fl_hash_carry = {
	.bytes = carry_bytes, .save = carry_save, .load = carry_load};
