/* SPDX-License-Identifier: MIT */
#include "naive.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include <xxhash.h>

void naive_text_add(struct naive_text *t, const void *data, size_t len)
{
	if (t->len + len > t->size) {
		t->size = 2 * (t->len + len) + 100;
		t->data = realloc(t->data, t->size);
		if (!t->data)
			abort();
	}
	if (len > 0)
		memcpy(t->data + t->len, data, len);
	t->len += len;
}

/* First line that starts at or after `at`. */
static size_t line_start(const struct naive_range *in, size_t at)
{
	while (at > 0 && at < in->len && in->data[at - 1] != '\n')
		at++;
	return at;
}

struct naive_range naive_lines_span(const struct naive_range *in)
{
	struct naive_range r = *in;

	if (in->begin >= in->end)
		return r;
	r.begin = line_start(in, in->begin);
	r.end = line_start(in, in->end);
	return r;
}

static int is_space(wint_t c)
{
	/* The no-break spaces that wc(1) takes for spaces. */
	return iswspace(c) || c == 0xA0 || c == 0x2007 || c == 0x202F || c == 0x2060;
}

/* Character after character from the first byte on, as wc(1) does. */
static uint64_t count_words(const unsigned char *p, size_t n)
{
	mbstate_t state = {0};
	uint64_t words = 0;
	int in_word = 0;

	while (n > 0) {
		wchar_t c;
		size_t used = mbrtowc(&c, (const char *)p, n, &state);

		if (used > n) {
			/* Not a character: it separates no words. */
			memset(&state, 0, sizeof(state));
			used = 1;
		} else if (iswprint((wint_t)c) || (c >= '\t' && c <= '\r')) {
			int space = is_space((wint_t)c);

			words += !space && !in_word;
			in_word = !space;
		}
		used = used > 0 ? used : 1;
		p += used;
		n -= used;
	}
	return words;
}

void naive_count(const struct naive_range *in, struct fl_count_result *ret)
{
	*ret = (struct fl_count_result){0};
	if (in->begin >= in->end)
		return;
	ret->bytes = in->end - in->begin;
	for (size_t i = in->begin; i < in->end; i++)
		ret->lines += in->data[i] == '\n';
	ret->words = count_words(in->data + in->begin, in->end - in->begin);
}

size_t naive_hash(enum fl_hash_alg alg, uint64_t seed, const struct naive_range *in,
		  unsigned char *ret)
{
	const unsigned char *p = in->data + in->begin;
	size_t n = in->end - in->begin;
	XXH32_canonical_t c32;
	XXH64_canonical_t c64;
	XXH128_canonical_t c128;

	switch (alg) {
	case FL_HASH_XXH32:
		XXH32_canonicalFromHash(&c32, XXH32(p, n, (XXH32_hash_t)seed));
		memcpy(ret, &c32, sizeof(c32));
		return sizeof(c32);
	case FL_HASH_XXH128:
		XXH128_canonicalFromHash(&c128, XXH3_128bits_withSeed(p, n, seed));
		memcpy(ret, &c128, sizeof(c128));
		return sizeof(c128);
	case FL_HASH_XXH64:
		XXH64_canonicalFromHash(&c64, XXH64(p, n, seed));
		break;
	case FL_HASH_XXH3:
		XXH64_canonicalFromHash(&c64, XXH3_64bits_withSeed(p, n, seed));
		break;
	default:
		return 0;
	}
	memcpy(ret, &c64, sizeof(c64));
	return sizeof(c64);
}

static int find_text(const char *text, const unsigned char *line, size_t len, size_t *at,
		     size_t *ret_end)
{
	size_t n = strlen(text);

	for (size_t i = *at; i + n <= len; i++) {
		if (memcmp(line + i, text, n) == 0) {
			*at = i;
			*ret_end = i + n;
			return 1;
		}
	}
	return 0;
}

static int find_error(const unsigned char *line, size_t len, size_t *at, size_t *ret_end)
{
	return find_text("error", line, len, at, ret_end);
}

static int find_e(const unsigned char *line, size_t len, size_t *at, size_t *ret_end)
{
	return find_text("e", line, len, at, ret_end);
}

static int find_error_any_case(const unsigned char *line, size_t len, size_t *at, size_t *ret_end)
{
	for (size_t i = *at; i + 5 <= len; i++) {
		size_t k = 0;

		while (k < 5 && tolower(line[i + k]) == "error"[k])
			k++;
		if (k == 5) {
			*at = i;
			*ret_end = i + 5;
			return 1;
		}
	}
	return 0;
}

/* Neither begins as the other does, so the first one that is met is the match. */
static int find_fail_or_user(const unsigned char *line, size_t len, size_t *at, size_t *ret_end)
{
	size_t fail = *at, user = *at, fail_end = 0, user_end = 0;
	int has_fail = find_text("fail", line, len, &fail, &fail_end);
	int has_user = find_text("user r", line, len, &user, &user_end);
	int first_is_fail = has_fail && (!has_user || fail < user);

	if (!has_fail && !has_user)
		return 0;
	*at = first_is_fail ? fail : user;
	*ret_end = first_is_fail ? fail_end : user_end;
	return 1;
}

static int find_digits(const unsigned char *line, size_t len, size_t *at, size_t *ret_end)
{
	size_t i = *at;

	while (i < len && !(line[i] >= '0' && line[i] <= '9'))
		i++;
	*at = i;
	while (i < len && line[i] >= '0' && line[i] <= '9')
		i++;
	*ret_end = i;
	return *at < i;
}

static int find_empty_line(const unsigned char *line, size_t len, size_t *at, size_t *ret_end)
{
	(void)line;
	*ret_end = 0;
	return len == 0 && *at == 0;
}

static int find_e_any_r(const unsigned char *line, size_t len, size_t *at, size_t *ret_end)
{
	for (size_t i = *at; i + 3 <= len; i++) {
		if (line[i] == 'e' && line[i + 2] == 'r') {
			*at = i;
			*ret_end = i + 3;
			return 1;
		}
	}
	return 0;
}

static int find_xxx_at_end(const unsigned char *line, size_t len, size_t *at, size_t *ret_end)
{
	if (len < 3 || *at > len - 3 || memcmp(line + len - 3, "xxx", 3) != 0)
		return 0;
	*at = len - 3;
	*ret_end = len;
	return 1;
}

static int find_x_at_start(const unsigned char *line, size_t len, size_t *at, size_t *ret_end)
{
	size_t i = 0;

	while (i < len && line[i] == 'x')
		i++;
	*ret_end = i;
	return *at == 0 && i > 0;
}

static int find_absent(const unsigned char *line, size_t len, size_t *at, size_t *ret_end)
{
	return find_text("nowhere to be seen", line, len, at, ret_end);
}

static const struct naive_pattern patterns[] = {
	{"error", 0, find_error},
	{"error", FL_SCAN_FIXED, find_error},
	{"error", FL_SCAN_IGNORE_CASE, find_error_any_case},
	{"ERRor", FL_SCAN_FIXED | FL_SCAN_IGNORE_CASE, find_error_any_case},
	{"e", FL_SCAN_FIXED, find_e},
	{"fail\nuser r", FL_SCAN_FIXED, find_fail_or_user},
	{"fail|user r", 0, find_fail_or_user},
	{"[0-9]+", 0, find_digits},
	{"^$", 0, find_empty_line},
	{"e.r", 0, find_e_any_r},
	{"xxx$", 0, find_xxx_at_end},
	{"^x+", 0, find_x_at_start},
	{"nowhere to be seen", 0, find_absent},
};

const struct naive_pattern *naive_pattern(size_t i)
{
	return i < sizeof(patterns) / sizeof(*patterns) ? &patterns[i] : NULL;
}

static void print(struct naive_text *out, unsigned flags, uint64_t line, size_t off)
{
	char head[64];
	int n = 0;

	if (flags & FL_SCAN_LINE_NUMBER)
		n += snprintf(head, sizeof(head), "%llu:", (unsigned long long)line);
	if (flags & FL_SCAN_BYTE_OFFSET)
		n += snprintf(head + n, sizeof(head) - (size_t)n, "%zu:", off);
	naive_text_add(out, head, (size_t)n);
}

static void print_matches(const struct naive_pattern *pattern, unsigned flags,
			  const struct naive_range *line, uint64_t number, struct naive_text *out)
{
	const unsigned char *p = line->data + line->begin;
	size_t len = line->end - line->begin, at = 0, end;

	while (pattern->find(p, len, &at, &end) && end > at) {
		print(out, flags, number, line->begin + at);
		naive_text_add(out, p + at, end - at);
		naive_text_add(out, "\n", 1);
		at = end;
	}
}

static void print_line(const struct naive_pattern *pattern, unsigned flags,
		       const struct naive_range *line, uint64_t number, struct naive_text *out)
{
	if (flags & (FL_SCAN_COUNT | FL_SCAN_QUIET))
		return;
	if (flags & FL_SCAN_ONLY_MATCHING) {
		if (!(flags & FL_SCAN_INVERT))
			print_matches(pattern, flags, line, number, out);
		return;
	}
	print(out, flags, number, line->begin);
	naive_text_add(out, line->data + line->begin, line->end - line->begin);
	naive_text_add(out, "\n", 1);
}

uint64_t naive_scan(const struct naive_pattern *pattern, unsigned flags,
		    const struct naive_range *in, struct naive_text *out)
{
	struct naive_range all = naive_lines_span(in), line = *in;
	uint64_t selected = 0, number = 1;

	for (size_t pos = all.begin; pos < all.end; pos = line.end + 1, number++) {
		size_t at = 0, end;
		int found;

		line.begin = line.end = pos;
		while (line.end < in->len && in->data[line.end] != '\n')
			line.end++;
		found = pattern->find(in->data + pos, line.end - pos, &at, &end);
		if (found == !!(flags & FL_SCAN_INVERT))
			continue;
		selected++;
		print_line(pattern, flags, &line, number, out);
	}
	return flags & FL_SCAN_QUIET ? selected > 0 : selected;
}

bool naive_same(const unsigned char *p, const unsigned char *bytes, size_t len, bool icase)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = p[i];

		if (icase && c >= 'A' && c <= 'Z')
			c = (unsigned char)(c + 32);
		if (c != bytes[i])
			return false;
	}
	return true;
}
