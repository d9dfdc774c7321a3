/* SPDX-License-Identifier: MIT */
#include "ops/transform/redact.h"

#include <string.h>

#include "kern/byte_ranges.h"
#include "kern/kernels.h"
#include "ops/transform/redact_class.h"

static const struct fl_byte_ranges uuid_dashes = {.count = 4,
						  .len = 16,
						  .off = {0, 5, 10, 15},
						  .low = {'-', '-', '-', '-'},
						  .high = {'-', '-', '-', '-'}};
#define UUID_BYTES 36
#define UUID_FIRST_DASH 8

static bool is_uuid(const unsigned char *p)
{
	for (unsigned i = 0; i < UUID_BYTES; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? p[i] != '-' : !fl_is_hex(p[i]))
			return false;
	}
	return true;
}

bool fl_find_uuid(const unsigned char *p, size_t len, size_t from, struct fl_found *ret)
{
	const struct fl_kernels *k = fl_kernels_get();
	size_t low = from, at;

	for (; from < len; from = at + 1) {
		const unsigned char *hit = k->find_ranges(&uuid_dashes, p + from, len - from);

		if (!hit)
			return false;
		at = (size_t)(hit - p);
		if (at < low + UUID_FIRST_DASH || len - at < UUID_BYTES - UUID_FIRST_DASH)
			continue;
		at -= UUID_FIRST_DASH;
		*ret = (struct fl_found){at, at + UUID_BYTES};
		if (is_uuid(p + at) && (at == 0 || !fl_is_hex(p[at - 1])) &&
		    (ret->end == len || !fl_is_hex(p[ret->end])))
			return true;
		at += UUID_FIRST_DASH;
	}
	return false;
}

static size_t base64url(const unsigned char *p, size_t len, size_t at)
{
	while (at < len && fl_is_base64url(p[at]))
		at++;
	return at;
}

bool fl_find_jwt(const unsigned char *p, size_t len, size_t from, struct fl_found *ret)
{
	static const unsigned char text[] = "eyJ";
	const struct fl_kernels *k = fl_kernels_get();
	struct fl_literal lit;

	fl_literal_init(&lit, text, 3, false);
	while (from < len) {
		const unsigned char *hit = k->find_literal(&lit, p + from, len - from);
		size_t begin, first, second;

		if (!hit)
			return false;
		begin = (size_t)(hit - p);
		from = begin + 3;
		if (begin > 0 && fl_is_base64url(p[begin - 1]))
			continue;
		first = base64url(p, len, from);
		if (first == from || first == len || p[first] != '.')
			continue;
		second = base64url(p, len, first + 1);
		if (second == first + 1 || second == len || p[second] != '.')
			continue;
		*ret = (struct fl_found){begin, base64url(p, len, second + 1)};
		return true;
	}
	return false;
}

#define HEXKEY_MIN_BYTES 32

/* Does 0x stand before @at, and nothing that it is a part of? */
static bool is_prefixed(const unsigned char *p, size_t at)
{
	return at >= 2 && (p[at - 1] | 0x20) == 'x' && p[at - 2] == '0' &&
	       (at == 2 || !fl_is_alnum(p[at - 3]));
}

/* So many digits in a row leave out no multiple of their number: only these places are looked at. */
bool fl_find_hexkey(const unsigned char *p, size_t len, size_t from, struct fl_found *ret)
{
	size_t low = from, at = from + HEXKEY_MIN_BYTES - 1;

	while (at < len) {
		size_t begin = at, end = at;

		if (!fl_is_hex(p[at])) {
			at += HEXKEY_MIN_BYTES;
			continue;
		}
		while (begin > low && fl_is_hex(p[begin - 1]))
			begin--;
		while (end < len && fl_is_hex(p[end]))
			end++;
		at = end + HEXKEY_MIN_BYTES;
		if (end - begin < HEXKEY_MIN_BYTES || (end < len && fl_is_alnum(p[end])) ||
		    (begin > 0 && fl_is_alnum(p[begin - 1]) && !is_prefixed(p, begin)))
			continue;
		*ret = (struct fl_found){begin, end};
		return true;
	}
	return false;
}

static const struct fl_byte_ranges four_digits = {.count = 4,
						  .len = 4,
						  .off = {0, 1, 2, 3},
						  .low = {'0', '0', '0', '0'},
						  .high = {'9', '9', '9', '9'}};
#define CARD_MIN_DIGITS 13
#define CARD_MAX_DIGITS 19

static bool luhn(const unsigned char *digits, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned d = digits[n - 1 - i];

		d = i % 2 ? 2 * d : d;
		sum += d > 9 ? d - 9 : d;
	}
	return sum % 10 == 0;
}

static bool begins_as_card(const unsigned char *d, size_t n)
{
	unsigned first = 1000u * d[0] + 100u * d[1] + 10u * d[2] + d[3];

	return (d[0] >= 3 && d[0] <= 6) || (n == 16 && first >= 2221 && first <= 2720);
}

/* The longest number that begins at @p. Return: bytes, 0 for none. */
static size_t card_at(const unsigned char *p, size_t len)
{
	unsigned char digits[CARD_MAX_DIGITS];
	size_t at = 0, n = 0, best = 0;

	while (at < len && fl_is_digit(p[at]) && n < CARD_MAX_DIGITS) {
		digits[n++] = (unsigned char)(p[at++] - '0');
		if (at < len && fl_is_digit(p[at]))
			continue;
		if (n >= CARD_MIN_DIGITS && begins_as_card(digits, n) && luhn(digits, n))
			best = at;
		if (at < len && (p[at] == ' ' || p[at] == '-'))
			at++;
		else
			break;
	}
	return best;
}

/* Cards without four digits in a row are none: every scheme has such a group. */
bool fl_find_card(const unsigned char *p, size_t len, size_t from, struct fl_found *ret)
{
	const struct fl_kernels *k = fl_kernels_get();

	while (from < len) {
		const unsigned char *hit = k->find_ranges(&four_digits, p + from, len - from);
		size_t begin, n;

		if (!hit)
			return false;
		begin = (size_t)(hit - p);
		from = begin;
		while (from < len && fl_is_digit(p[from]))
			from++;
		if (begin > 0 && fl_is_digit(p[begin - 1]))
			continue;
		n = card_at(p + begin, len - begin);
		if (n == 0)
			continue;
		*ret = (struct fl_found){begin, begin + n};
		return true;
	}
	return false;
}

static const struct fl_byte_ranges iban_head = {.count = 4,
						.len = 4,
						.off = {0, 1, 2, 3},
						.low = {'A', 'A', '0', '0'},
						.high = {'Z', 'Z', '9', '9'}};
#define IBAN_MIN 15
#define IBAN_MAX 34

/* ISO 7064, MOD 97-10: the first four characters go to the end, letters are 10 to 35. */
static bool iban_holds(const unsigned char *c, size_t n)
{
	unsigned rest = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char x = c[(i + 4) % n];

		if (fl_is_digit(x))
			rest = (10 * rest + (unsigned)(x - '0')) % 97;
		else
			rest = (100 * rest + (unsigned)(x - 'A' + 10)) % 97;
	}
	return rest == 1;
}

/* Return: bytes of the longest one at @p, 0 for none. */
static size_t iban_at(const unsigned char *p, size_t len)
{
	unsigned char chars[IBAN_MAX];
	size_t at = 0, n = 0, best = 0;

	while (at < len && n < IBAN_MAX && (fl_is_digit(p[at]) || fl_is_upper(p[at]))) {
		chars[n++] = p[at++];
		if ((at == len || !fl_is_alnum(p[at])) && n >= IBAN_MIN && iban_holds(chars, n))
			best = at;
		if (n % 4 == 0 && at < len && p[at] == ' ')
			at++;
	}
	return best;
}

bool fl_find_iban(const unsigned char *p, size_t len, size_t from, struct fl_found *ret)
{
	const struct fl_kernels *k = fl_kernels_get();

	for (; from < len; from++) {
		const unsigned char *hit = k->find_ranges(&iban_head, p + from, len - from);
		size_t n;

		if (!hit)
			return false;
		from = (size_t)(hit - p);
		if (from > 0 && fl_is_alnum(p[from - 1]))
			continue;
		n = iban_at(hit, len - from);
		if (n == 0)
			continue;
		*ret = (struct fl_found){from, from + n};
		return true;
	}
	return false;
}
