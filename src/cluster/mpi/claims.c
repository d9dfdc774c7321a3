/* SPDX-License-Identifier: MIT */
#include "cluster/mpi/claims.h"

#include "base/size.h"

/* A rank takes a quarter of its equal share of what is left: one that is four times as slow as the others
 * is not waited for at the end, where claims are single chunks. Guided self-scheduling (Polychronopoulos,
 * Kuck, IEEE Transactions on Computers C-36(12), 1987) takes the whole share. */
#define SHARES_EACH 4u

uint64_t fl_claims_step(uint64_t left, uint64_t ranks, uint64_t least, uint64_t most)
{
	uint64_t step = fl_min_u64(left / (ranks * SHARES_EACH), most);

	return step > least ? step / least * least : least;
}

static const struct fl_claim *nth(const struct fl_claims *c, unsigned i)
{
	return &c->ring[(c->at + i) % FL_CLAIMS_MAX];
}

bool fl_claims_full(const struct fl_claims *c)
{
	return c->count == FL_CLAIMS_MAX;
}

void fl_claims_add(struct fl_claims *c, uint64_t chunk, uint64_t count)
{
	struct fl_claim *last = &c->ring[(c->at + c->count + FL_CLAIMS_MAX - 1) % FL_CLAIMS_MAX];

	if (c->count > 0 && last->chunk + last->count == chunk) {
		last->count += count;
	} else {
		last = &c->ring[(c->at + c->count++) % FL_CLAIMS_MAX];
		*last = (struct fl_claim){.seq = c->total, .chunk = chunk, .count = count};
	}
	c->total += count;
}

uint64_t fl_claims_chunk(const struct fl_claims *c, uint64_t seq)
{
	unsigned i = 0;

	while (i + 1 < c->count && seq >= nth(c, i + 1)->seq)
		i++;
	return nth(c, i)->chunk + (seq - nth(c, i)->seq);
}

bool fl_claims_ends(const struct fl_claims *c, uint64_t seq)
{
	return seq + 1 == nth(c, 0)->seq + nth(c, 0)->count;
}

void fl_claims_forget(struct fl_claims *c)
{
	c->at = (c->at + 1) % FL_CLAIMS_MAX;
	c->count--;
}
