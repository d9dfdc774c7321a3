/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/transform/redact.h"

#include "../support/guardbuf.h"
#include "../support/nasty.h"
#include "../support/scale.h"

/**
 * struct rule - a finder and the regex that it stands for
 * @seeds: pieces that texts are made of
 */
struct rule {
	const char *name;
	fl_finder find;
	const char *regex;
	const char *seeds[12];
};

#define B "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
#define X "[0-9A-Fa-f]"

static const struct rule rules[] = {
	{"ipv4",
	 fl_find_ipv4,
	 "(?<![0-9])(?<![0-9]\\.)(?:" B "\\.){3}" B "(?![0-9])(?!\\.[0-9])",
	 {"10.1.2.3", "255.255.255.255", "1.2", "256", ".", "9", "0", " ", "a", "\n", "025",
	  "1.2.3."}},
	{"email",
	 fl_find_email,
	 "[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\\.)+[A-Za-z]{2,}",
	 {"a@b.cc", "@", ".", "x", "com", "-", "9", " ", "\n", "a.b@c-d.e.org", "_", "%"}},
	{"url-password",
	 fl_find_url_password,
	 "://[^\\s/?#@:\\0]*:\\K[^\\s/?#@\\0]+(?=@)",
	 {"http://u:p@h", "://", ":", "@", "/", "a", " ", "\n", "?", "#", "x:y", "//"}},
	{"uuid",
	 fl_find_uuid,
	 "(?<!" X ")" X "{8}-" X "{4}-" X "{4}-" X "{4}-" X "{12}(?!" X ")",
	 {"01234567-89ab-cdef-0123-456789abcdef", "-", "a", "0123", "0123456789AB", "g", " ", "\n",
	  "deadbeef-", "12345678", "-0000-0000-0000-", "F"}},
	{"jwt",
	 fl_find_jwt,
	 "(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*",
	 {"eyJ", "eyJhbGci.eyJzdWIi.sig-_", ".", "a", "-", "_", " ", "\n", "=", "Z9", "eyJx.y.",
	  "J"}},
	{"hexkey",
	 fl_find_hexkey,
	 "(?<![0-9A-Za-z])(?:0[xX])?\\K[0-9A-Fa-f]{32,}(?![0-9A-Za-z])",
	 {"0123456789abcdef0123456789abcdef", "0x", "DEADBEEFDEADBEEF", "a", "0", "x", " ", "\n",
	  "g", "0123456789abcdef", "-", "fff"}},
};

#define RULES (sizeof(rules) / sizeof(*rules))

static size_t random_text(unsigned *seed, const char *const *seeds, unsigned char *ret, size_t max)
{
	size_t n = 1 + nasty_rnd(seed, 12), len = 0;

	for (; n > 0; n--) {
		const char *piece = seeds[nasty_rnd(seed, 12)];
		size_t k = strlen(piece);

		if (len + k > max)
			break;
		memcpy(ret + len, piece, k);
		if (nasty_rnd(seed, 6) == 0)
			ret[len + nasty_rnd(seed, k)] =
				(unsigned char)seeds[nasty_rnd(seed, 12)][0];
		len += k;
	}
	return len;
}

static pcre2_code *compile(const char *regex)
{
	PCRE2_SIZE off;
	int error;
	pcre2_code *code =
		pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, 0, &error, &off, NULL);

	cr_assert(code != NULL, "%s at %zu", regex, off);
	return code;
}

/* The same places as PCRE2, one after the other, in texts made to be nearly right. */
Test(redact, finders_are_their_regexes)
{
	struct guardbuf buf = guardbuf_new(1000);
	unsigned seed = 5;

	for (size_t i = 0; i < RULES; i++) {
		pcre2_code *code = compile(rules[i].regex);
		pcre2_match_data *data = pcre2_match_data_create(1, NULL);
		const PCRE2_SIZE *pair = pcre2_get_ovector_pointer(data);
		size_t matches = 0;

		for (double round = 0; round < 20000 * test_scale(); round++) {
			unsigned char text[700];
			size_t len = random_text(&seed, rules[i].seeds, text, sizeof(text)),
			       from = 0;
			unsigned char *p = buf.end - len;

			memcpy(p, text, len);
			for (;;) {
				struct fl_found got = {0, 0};
				bool found = rules[i].find(p, len, from, &got);
				int r = pcre2_match(code, p, len, from, 0, data, NULL);

				cr_assert(found == (r > 0) && (!found || (got.begin == pair[0] &&
									  got.end == pair[1])),
					  "%s from %zu in '%.*s': %zu-%zu", rules[i].name, from,
					  (int)len, p, got.begin, got.end);
				if (!found)
					break;
				matches++;
				from = got.end;
			}
		}
		cr_assert((double)matches > 100 * test_scale(), "%s: %zu", rules[i].name, matches);
		pcre2_match_data_free(data);
		pcre2_code_free(code);
	}
	guardbuf_free(&buf);
}

static bool word(unsigned char c)
{
	return (c < 0x80 && isalnum(c)) || c == '_';
}

/* From the definition: maximal runs, trimmed, and inet_pton(3). */
static bool naive_ipv6(const unsigned char *p, size_t len, size_t from, struct fl_found *ret)
{
	while (from < len) {
		size_t end = from, stop;
		struct in6_addr addr;
		char text[200];

		while (end < len && (isxdigit(p[end]) || p[end] == ':' || p[end] == '.'))
			end++;
		stop = end;
		while (stop > from &&
		       (p[stop - 1] == '.' ||
			(stop - from > 2 && p[stop - 1] == ':' && p[stop - 2] != ':')))
			stop--;
		snprintf(text, sizeof(text), "%.*s", (int)(stop - from), p + from);
		if (stop > from && !(from > 0 && word(p[from - 1])) &&
		    !(end < len && word(p[end])) && strlen(text) < 60 &&
		    inet_pton(AF_INET6, text, &addr) == 1 && strcmp(text, "::") != 0) {
			*ret = (struct fl_found){from, stop};
			return true;
		}
		from = end + 1;
	}
	return false;
}

Test(redact, ipv6_is_what_inet_pton_takes)
{
	static const char *const seeds[12] = {
		"fe80::1", "::",  "2001:db8:0:0:0:0:2:1", ":",    "12:34:56", " ",
		"g",       "ab:", "::ffff:1.2.3.4",       "abcd", ".",        "1:2:3:4:5:6:"};
	unsigned seed = 6;
	size_t matches = 0;

	for (double round = 0; round < 50000 * test_scale(); round++) {
		unsigned char text[200];
		size_t len = random_text(&seed, seeds, text, sizeof(text)), from = 0;

		for (;;) {
			struct fl_found got = {0, 0}, want = {0, 0};
			bool found = fl_find_ipv6(text, len, from, &got);

			cr_assert(found == naive_ipv6(text, len, from, &want) &&
					  got.begin == want.begin && got.end == want.end,
				  "from %zu in '%.*s': %zu-%zu, not %zu-%zu", from, (int)len, text,
				  got.begin, got.end, want.begin, want.end);
			if (!found)
				break;
			matches++;
			/* A run is looked at once. */
			for (from = got.end;
			     from < len && strchr("0123456789abcdef:.", text[from]);)
				from++;
		}
	}
	cr_assert((double)matches > 100 * test_scale());
}

static const struct {
	fl_finder find;
	const char *text;
	const char *match; /* NULL: none */
} known[] = {
	{fl_find_card, "pay 4111 1111 1111 1111 now", "4111 1111 1111 1111"},
	{fl_find_card, "5500-0000-0000-0004", "5500-0000-0000-0004"},
	{fl_find_card, "x378282246310005,", "378282246310005"},
	{fl_find_card, "4111 1111 1111 1112", NULL},
	{fl_find_card, "04111111111111111", NULL},
	{fl_find_card, "41111111111111111", NULL},
	{fl_find_card, "4111 1111 1111 1111 2027", "4111 1111 1111 1111"},
	{fl_find_card, "1479556800001", NULL},
	{fl_find_card, "2223003122003222", "2223003122003222"},
	{fl_find_card, "4111  1111 1111 1111", NULL},
	{fl_find_iban, "to DE89 3704 0044 0532 0130 00.", "DE89 3704 0044 0532 0130 00"},
	{fl_find_iban, "GB82WEST12345698765432", "GB82WEST12345698765432"},
	{fl_find_iban, "GB82WEST12345698765433", NULL},
	{fl_find_iban, "xGB82WEST12345698765432", NULL},
	{fl_find_iban, "NO9386011117947 PAID", "NO9386011117947"},
	{fl_find_iban, "MT84MALT011000012345MTLCAST001S", "MT84MALT011000012345MTLCAST001S"},
	{fl_find_ipv6, "at 10:20:30 std::abs", NULL},
	{fl_find_ipv6, "[fe80::1%eth0]", "fe80::1"},
	{fl_find_ipv6, "from 2001:db8::8a2e:370:7334: x", "2001:db8::8a2e:370:7334"},
};

Test(redact, known_numbers)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t len = strlen(known[i].text);
		struct guardbuf buf = guardbuf_new(len);
		struct fl_found got;
		bool found;

		memcpy(buf.end - len, known[i].text, len);
		found = known[i].find(buf.end - len, len, 0, &got);
		cr_assert(found == (known[i].match != NULL), "%s", known[i].text);
		if (found)
			cr_assert(got.end - got.begin == strlen(known[i].match) &&
					  memcmp(known[i].text + got.begin, known[i].match,
						 got.end - got.begin) == 0,
				  "%s: %.*s", known[i].text, (int)(got.end - got.begin),
				  known[i].text + got.begin);
		guardbuf_free(&buf);
	}
}

static void pseudonym(const char *key, enum fl_shape shape, const char *text, char *ret)
{
	unsigned char bytes[FL_SIPHASH_KEY_BYTES] = {0};

	memcpy(bytes, key, strlen(key));
	fl_pseudonym(bytes, shape, (const unsigned char *)text, strlen(text), (unsigned char *)ret);
	ret[strlen(text)] = '\0';
}

Test(redact, pseudonyms_are_stable_and_shaped)
{
	char a[100], b[100], text[100];
	struct fl_found found;
	unsigned seed = 3;

	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "%zu.%zu.%zu.%zu", nasty_rnd(&seed, 256),
			 nasty_rnd(&seed, 256), nasty_rnd(&seed, 256), nasty_rnd(&seed, 256));
		pseudonym("k", FL_SHAPE_IPV4, text, a);
		pseudonym("k", FL_SHAPE_IPV4, text, b);
		cr_assert(strcmp(a, b) == 0 && strlen(a) == strlen(text));
		cr_assert(fl_find_ipv4((unsigned char *)a, strlen(a), 0, &found) &&
				  found.begin == 0 && found.end == strlen(a),
			  "%s became %s", text, a);
		for (size_t k = 0; text[k]; k++)
			cr_assert((text[k] == '.') == (a[k] == '.'));
	}
	pseudonym("k", FL_SHAPE_IPV4, "192.168.100.200", a);
	pseudonym("l", FL_SHAPE_IPV4, "192.168.100.200", b);
	cr_assert(strcmp(a, b) != 0);
	pseudonym("k", FL_SHAPE_EMAIL, "alice.long@example.com", a);
	pseudonym("k", FL_SHAPE_EMAIL, "bob.longer@example.com", b);
	cr_assert(strcmp(strchr(a, '@'), strchr(b, '@')) == 0 && memcmp(a, b, 5) != 0);
	pseudonym("k", FL_SHAPE_CARD, "4111 1111 1111 1111", a);
	cr_assert(a[4] == ' ' && strcmp(a, "4111 1111 1111 1111") != 0);
	pseudonym("k", FL_SHAPE_HEX, "DEADBEEF-0000", a);
	for (size_t k = 0; a[k]; k++)
		cr_assert((a[k] == '-') == (k == 8) && !islower((unsigned char)a[k]));
	pseudonym("k", FL_SHAPE_TEXT, "Ab9-", a);
	cr_assert(isupper((unsigned char)a[0]) && islower((unsigned char)a[1]) &&
		  isdigit((unsigned char)a[2]) && a[3] == '-');
}

Test(redact, names)
{
	struct fl_redact r;
	const char *names = fl_redact_all();

	for (const char *at = names; *at;) {
		size_t n = strcspn(at, ",");

		cr_assert(fl_redact_init(&r, at, n) == 0);
		cr_assert(strstr(fl_redact_names(), r.preset->name) != NULL);
		at += n + (at[n] == ',');
	}
	cr_assert(fl_redact_init(&r, "ip", 2) < 0);
	cr_assert(fl_redact_init(&r, "", 0) < 0);
}
