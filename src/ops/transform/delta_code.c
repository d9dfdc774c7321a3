/* SPDX-License-Identifier: MIT */
#include "ops/transform/delta.h"

#include <string.h>

/* magic and version, bytes behind the header, matches, count, first offset */
#define HEADER_BYTES 36
/* A number of 64 bits in groups of 7. */
#define NUMBER_MAX_BYTES 10

static void put_u64(unsigned char *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get_u64(const unsigned char *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static size_t put_number(unsigned char *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (unsigned char)(v | 0x80);
	p[n++] = (unsigned char)v;
	return n;
}

static int encode_one(struct fl_part *part, const struct fl_delta *delta, uint64_t after)
{
	size_t n;
	int r = fl_part_reserve(part, 3 * NUMBER_MAX_BYTES + delta->new_len);

	if (r < 0)
		return r;
	n = part->len;
	n += put_number(part->data + n, delta->off - after);
	n += put_number(part->data + n, delta->old_len);
	n += put_number(part->data + n, delta->new_len);
	if (delta->new_len > 0)
		memcpy(part->data + n, delta->new_bytes, delta->new_len);
	part->len = n + delta->new_len;
	return 0;
}

int fl_deltas_encode(const struct fl_deltas *d, struct fl_part *part)
{
	unsigned char header[HEADER_BYTES] = {'F', 'L', 'D', FL_DELTAS_VERSION};
	uint64_t after = d->count > 0 ? d->list[0].off : 0;
	size_t begin = part->len;
	int r;

	put_u64(header + 12, d->matches);
	put_u64(header + 20, d->count);
	put_u64(header + 28, after);
	r = fl_part_append(part, header, sizeof(header));
	for (size_t i = 0; r == 0 && i < d->count; i++) {
		r = encode_one(part, &d->list[i], after);
		after = d->list[i].off + d->list[i].old_len;
	}
	if (r < 0) {
		part->len = begin;
		return r;
	}
	put_u64(part->data + begin + 4, part->len - begin - HEADER_BYTES);
	return 0;
}

/**
 * struct reader - what is left of an encoded list
 * @broken: it ended too early, or a number is too large
 */
struct reader {
	const unsigned char *p;
	size_t len;
	bool broken;
};

static uint64_t get_number(struct reader *in)
{
	uint64_t v = 0;

	for (unsigned shift = 0; in->len > 0 && shift < 64; shift += 7) {
		unsigned char c = *in->p++;

		in->len--;
		if (shift == 63 && c > 1)
			break;
		v |= (uint64_t)(c & 0x7F) << shift;
		if (c < 0x80)
			return v;
	}
	in->broken = true;
	return 0;
}

static int decode_one(struct reader *in, uint64_t *after, struct fl_deltas *ret)
{
	uint64_t gap = get_number(in), old_len = get_number(in), new_len = get_number(in);
	struct fl_delta delta = {.off = *after + gap, .old_len = old_len};
	int r;

	if (in->broken || new_len > in->len || delta.off < *after ||
	    delta.off + old_len < delta.off)
		return -FL_ECORRUPT;
	r = fl_deltas_put(ret, delta.off, old_len, 0);
	if (r < 0)
		return r;
	ret->list[ret->count - 1].new_len = (size_t)new_len;
	ret->list[ret->count - 1].new_bytes = in->p;
	in->p += new_len;
	in->len -= (size_t)new_len;
	*after = delta.off + old_len;
	return 0;
}

int fl_deltas_decode(const unsigned char *p, size_t len, struct fl_deltas *ret, size_t *ret_used)
{
	size_t before = ret->count;
	struct reader in;
	uint64_t bytes, count, after;
	int r = 0;

	if (len < HEADER_BYTES || memcmp(p, "FLD", 3) != 0)
		return -FL_ECORRUPT;
	if (p[3] != FL_DELTAS_VERSION)
		return -FL_EUNSUPPORTED;
	bytes = get_u64(p + 4);
	count = get_u64(p + 20);
	after = get_u64(p + 28);
	if (bytes > len - HEADER_BYTES || count > bytes)
		return -FL_ECORRUPT;
	if (before > 0 && count > 0 &&
	    after < ret->list[before - 1].off + ret->list[before - 1].old_len)
		return -FL_ECORRUPT;
	in = (struct reader){.p = p + HEADER_BYTES, .len = (size_t)bytes};
	for (; r == 0 && count > 0; count--)
		r = decode_one(&in, &after, ret);
	if (r == 0 && in.len > 0)
		r = -FL_ECORRUPT;
	if (r < 0) {
		fl_deltas_cut(ret, before);
		return r;
	}
	ret->matches += get_u64(p + 12);
	*ret_used = HEADER_BYTES + (size_t)bytes;
	return 0;
}
