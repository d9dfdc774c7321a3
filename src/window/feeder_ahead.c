/* SPDX-License-Identifier: MIT */
#include "window/feeder_impl.h"

#include <string.h>

#include "base/size.h"

/* All that has been gathered. What lies in a temporary file is mapped. */
static int look(struct fl_gather *g, uint64_t base, struct fl_piece *ret)
{
	int r = fl_gather_finish(g, &ret->data);

	ret->off = base;
	ret->len = (size_t)g->len;
	return r;
}

/* Return: behind the last record end that has @ahead bytes behind it; 0: there is none. */
static uint64_t cut_before(const struct fl_feeder *f, const struct fl_piece *all)
{
	size_t ahead = f->needs.ahead_bytes, len = all->len;
	const unsigned char *hit;

	if (len <= ahead)
		return 0;
	hit = memrchr(all->data, f->needs.delimiter, len - ahead);
	if (!hit || all->off + (uint64_t)(hit - all->data) < f->next_off)
		return 0;
	return all->off + (uint64_t)(hit - all->data) + 1;
}

int fl_feeder_fill_ahead(struct fl_feeder *f, struct fl_fed *fed, uint64_t base,
			 struct fl_piece *piece, uint64_t *ret_cut)
{
	struct fl_gather *g = &fed->gather;
	size_t step = fl_min_size(g->limit / 2, fl_max_size(f->plan.chunk_bytes, 4096));
	uint64_t full = f->needs.ahead_bytes + step;

	for (*ret_cut = 0;;) {
		unsigned char *to;
		int64_t got;
		int r = fl_gather_space(g, step, &to);

		if (r < 0)
			return r;
		got = fl_feeder_read(f, to, step);
		if (got < 0)
			return (int)got;
		r = fl_gather_commit(g, (size_t)got);
		f->eof = got == 0;
		if (r == 0 && !f->eof && g->len < full)
			continue;
		if (r == 0)
			r = look(g, base, piece);
		if (r < 0)
			return r;
		*ret_cut = f->eof ? fl_feeder_cut(f, piece) : cut_before(f, piece);
		if (*ret_cut || f->ended)
			return 0;
		full = g->len + fl_max_u64(step, g->len / 4);
	}
}
