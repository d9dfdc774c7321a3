/* SPDX-License-Identifier: MIT */
#include "store/change.h"

#include <string.h>

#include <faultline/error.h>

static unsigned char *put_number(unsigned char *to, uint64_t value)
{
	while (value >= 0x80) {
		*to++ = (unsigned char)(value | 0x80);
		value >>= 7;
	}
	*to++ = (unsigned char)value;
	return to;
}

/* Return: 0, or -FL_ECORRUPT where the row ends or the number does not fit. */
static int get_number(struct fl_change_reader *r, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; r->p < r->end && shift < 64; shift += 7) {
		unsigned char byte = *r->p++;

		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = value;
			return 0;
		}
	}
	return -FL_ECORRUPT;
}

bool fl_change_is_fill(const unsigned char *p, size_t n)
{
	return memcmp(p, p + 1, n - 1) == 0;
}

size_t fl_change_put_head(unsigned char *to, uint64_t base, const struct fl_change *c)
{
	unsigned char *p = put_number(to, c->off - base);

	p = put_number(p, c->old_len);
	p = put_number(p, c->new_len << 1 | c->fill);
	return (size_t)(p - to);
}

static size_t put_new(unsigned char *to, const struct fl_change *c)
{
	size_t stored = c->fill ? 1 : (size_t)c->new_len;

	if (stored > 0)
		memcpy(to, c->new_bytes, stored);
	return stored;
}

size_t fl_change_put(unsigned char *to, uint64_t base, const struct fl_change *c)
{
	unsigned char *p = to + fl_change_put_head(to, base, c);

	if (c->old_len > 0)
		memcpy(p, c->old_bytes, (size_t)c->old_len);
	p += c->old_len;
	return (size_t)(p + put_new(p, c) - to);
}

size_t fl_change_put_bare(unsigned char *to, uint64_t base, const struct fl_change *c)
{
	unsigned char *p = to + fl_change_put_head(to, base, c);

	return (size_t)(p + put_new(p, c) - to);
}

int fl_change_next(struct fl_change_reader *r, struct fl_change *ret)
{
	uint64_t gap, old_len, coded, stored, old_bytes;

	if (r->p == r->end)
		return 0;
	if (get_number(r, &gap) < 0 || get_number(r, &old_len) < 0 || get_number(r, &coded) < 0)
		return -FL_ECORRUPT;
	*ret = (struct fl_change){.off = r->base + gap,
				  .old_len = old_len,
				  .new_len = coded >> 1,
				  .fill = coded & 1,
				  .old_bytes = r->bare ? NULL : r->p};
	old_bytes = r->bare ? 0 : old_len;
	stored = ret->fill ? 1 : ret->new_len;
	if (gap > UINT64_MAX - r->base || old_len > UINT64_MAX - ret->off ||
	    old_bytes > (uint64_t)(r->end - r->p) ||
	    stored > (uint64_t)(r->end - r->p) - old_bytes || (ret->fill && ret->new_len == 0))
		return -FL_ECORRUPT;
	ret->new_bytes = r->p + old_bytes;
	r->p = ret->new_bytes + stored;
	r->base = ret->off + old_len;
	return 1;
}
