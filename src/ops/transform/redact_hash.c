/* SPDX-License-Identifier: MIT */
#include "ops/transform/redact.h"

#include <string.h>

#include "ops/transform/redact_class.h"

/**
 * struct stream - numbers that depend on the key and on a text
 * @seed: the text's hash
 * @used: how many numbers were taken
 */
struct stream {
	const unsigned char *key;
	uint64_t seed;
	uint64_t used;
};

static struct stream stream_of(const unsigned char *key, enum fl_shape shape,
			       const unsigned char *p, size_t len)
{
	struct stream s = {.key = key, .seed = fl_siphash(key, p, len)};

	/* Two kinds of things with the same text are not to be linked. */
	s.seed += (uint64_t)shape << 56;
	return s;
}

/* A number in [0, n); that n does not divide 2^64 shows in one of 2^50 numbers. */
static unsigned next_below(struct stream *s, unsigned n)
{
	unsigned char block[16];

	for (unsigned i = 0; i < 8; i++) {
		block[i] = (unsigned char)(s->seed >> (8 * i));
		block[8 + i] = (unsigned char)(s->used >> (8 * i));
	}
	s->used++;
	return (unsigned)(fl_siphash(s->key, block, sizeof(block)) % n);
}

static void as_text(struct stream *s, const unsigned char *p, size_t len, unsigned char *ret)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = p[i];

		if (fl_is_digit(c))
			c = (unsigned char)('0' + next_below(s, 10));
		else if (fl_is_upper(c))
			c = (unsigned char)('A' + next_below(s, 26));
		else if (fl_is_alpha(c))
			c = (unsigned char)('a' + next_below(s, 26));
		else if (c >= 0x80)
			c = '*';
		ret[i] = c;
	}
}

static void as_hex(struct stream *s, const unsigned char *p, size_t len, unsigned char *ret)
{
	const char *digits = "0123456789abcdef";

	for (size_t i = 0; i < len; i++)
		if (fl_is_upper(p[i]))
			digits = "0123456789ABCDEF";
	for (size_t i = 0; i < len; i++)
		ret[i] = fl_is_hex(p[i]) ? (unsigned char)digits[next_below(s, 16)] : p[i];
}

static unsigned octet_of(struct stream *s, size_t digits)
{
	switch (digits) {
	case 1:
		return next_below(s, 10);
	case 2:
		return 10 + next_below(s, 90);
	default:
		return 100 + next_below(s, 156);
	}
}

static void as_ipv4(struct stream *s, const unsigned char *p, size_t len, unsigned char *ret)
{
	size_t at = 0;

	while (at < len) {
		size_t n = 0;
		unsigned value;

		while (at + n < len && fl_is_digit(p[at + n]))
			n++;
		value = octet_of(s, n);
		for (size_t i = n; i > 0; i--, value /= 10)
			ret[at + i - 1] = (unsigned char)('0' + value % 10);
		at += n;
		if (at < len) {
			ret[at] = p[at];
			at++;
		}
	}
}

static void as_card(struct stream *s, const unsigned char *p, size_t len, unsigned char *ret)
{
	unsigned sum = 0, digits = 0;

	as_text(s, p, len, ret);
	for (size_t i = len - 1; i > 0; i--) {
		unsigned d;

		if (!fl_is_digit(ret[i - 1]))
			continue;
		d = (unsigned)(ret[i - 1] - '0') * (digits++ % 2 == 0 ? 2 : 1);
		sum += d > 9 ? d - 9 : d;
	}
	ret[len - 1] = (unsigned char)('0' + (10 - sum % 10) % 10);
}

void fl_pseudonym(const unsigned char key[FL_SIPHASH_KEY_BYTES], enum fl_shape shape,
		  const unsigned char *p, size_t len, unsigned char *ret)
{
	struct stream s = stream_of(key, shape, p, len);
	const unsigned char *at;

	switch (shape) {
	case FL_SHAPE_HEX:
		as_hex(&s, p, len, ret);
		return;
	case FL_SHAPE_IPV4:
		as_ipv4(&s, p, len, ret);
		return;
	case FL_SHAPE_CARD:
		as_card(&s, p, len, ret);
		return;
	case FL_SHAPE_EMAIL:
		at = memchr(p, '@', len);
		if (at) {
			size_t local = (size_t)(at - p);

			as_text(&s, p, local, ret);
			s = stream_of(key, shape, at, len - local);
			as_text(&s, at, len - local, ret + local);
			return;
		}
		break;
	default:
		break;
	}
	as_text(&s, p, len, ret);
}
