/* SPDX-License-Identifier: MIT */
#include "ops/regex/graphemes.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/size.h"
#include "kern/utf8.h"

/* RFC 3629, section 4: no character is longer. */
#define CHAR_BYTES_MAX 4

void fl_graphemes_init(struct fl_graphemes *g, uint64_t count)
{
	g->left = count;
	g->bytes = 0;
	g->len = 0;
	g->code = NULL;
	g->data = NULL;
	g->error = 0;
}

static int prepare(struct fl_graphemes *g)
{
	static const struct fl_pcre_source cluster = {
		.text = "\\X", .len = 2, .flags = PCRE2_UTF | PCRE2_ANCHORED};

	if (g->data || g->error < 0)
		return g->error;
	if (fl_pcre_compile(&cluster, &g->code, NULL) == 0)
		g->data = pcre2_match_data_create(1, NULL);
	g->error = g->data ? 0 : -ENOMEM;
	return g->error;
}

static bool may_follow(unsigned char lead, unsigned char second)
{
	unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
	unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;

	return second >= low && second <= high;
}

/*
 * What is no character at @p: the beginning of one, as far as it goes, or one byte (The Unicode Standard,
 * section 3.9, "U+FFFD Substitution of Maximal Subparts").
 */
static size_t broken_len(const unsigned char *p, size_t len)
{
	if (p[0] < 0xE0 || p[0] > 0xF4 || len < 2 || !may_follow(p[0], p[1]))
		return 1;
	return p[0] >= 0xF0 && len > 2 && (p[2] & 0xC0) == 0x80 ? 3 : 2;
}

static size_t valid_len(const unsigned char *p, size_t len)
{
	size_t at = 0;

	for (size_t n = 1; at < len && n > 0; at += n)
		n = fl_utf8_char(p + at, len - at);
	return at;
}

/* @valid: so many bytes from @p on are UTF-8 */
static size_t cluster_len(struct fl_graphemes *g, const unsigned char *p, size_t len, size_t valid)
{
	if (p[0] < 0x80 && (len == 1 || p[1] < 0x80))
		return p[0] == '\r' && len > 1 && p[1] == '\n' ? 2 : 1;
	if (valid == 0)
		return broken_len(p, len);
	if (prepare(g) < 0 ||
	    pcre2_match(g->code, p, valid, 0, PCRE2_NO_UTF_CHECK, g->data, NULL) < 1)
		return 1;
	return pcre2_get_ovector_pointer(g->data)[1];
}

/* Unless it is the end, a cluster may go on behind the text, and the text may end in half a character. */
static void count(struct fl_graphemes *g, bool is_end)
{
	size_t at = 0, valid_end = 0;

	while (g->left > 0 && at < g->len) {
		size_t n;

		if (at >= valid_end)
			valid_end = at + valid_len(g->text + at, g->len - at);
		n = cluster_len(g, g->text + at, g->len - at, valid_end - at);
		if (!is_end && at > 0 && g->len - at - n < CHAR_BYTES_MAX)
			break;
		at += n;
		g->bytes += n;
		g->left--;
	}
	memmove(g->text, g->text + at, g->len - at);
	g->len -= at;
}

void fl_graphemes_add(struct fl_graphemes *g, const unsigned char *p, size_t len)
{
	while (len > 0 && g->left > 0) {
		size_t n = fl_min_size(len, sizeof(g->text) - g->len);

		memcpy(g->text + g->len, p, n);
		g->len += n;
		p += n;
		len -= n;
		if (g->len == sizeof(g->text))
			count(g, false);
	}
}

int fl_graphemes_end(struct fl_graphemes *g, uint64_t *ret_bytes)
{
	count(g, true);
	pcre2_match_data_free(g->data);
	pcre2_code_free(g->code);
	if (g->error == 0)
		*ret_bytes = g->bytes;
	return g->error;
}
