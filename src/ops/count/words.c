/* SPDX-License-Identifier: MIT */
#include "ops/count/words.h"

#include <ctype.h>
#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "kern/kernels.h"
#include "kern/utf8.h"

/* Half of the smallest L1 data cache in use (32 KiB): bytes are looked at twice, once for
 * being ASCII and once for words. */
#define RUN_BYTES 16384
/* A call through the kernel table costs about what this many bytes cost one by one. */
#define SHORT_RUN_BYTES 32

static bool is_no_break(wint_t c)
{
	/* coreutils 9.1, wc(1): "no-break spaces" count as white space; which ones they are
	 * was found by running it over every character. */
	return c == 0xA0 || c == 0x2007 || c == 0x202F || c == 0x2060;
}

/* wc asks whether a character is printable first: U+2028, white space that is not
 * printable in glibc, leaves the state alone. */
static enum fl_char_class wide_class(const struct fl_words_rules *r, wint_t c)
{
	if (c < 0x80)
		return (enum fl_char_class)r->table[c];
	if (!iswprint_l(c, r->locale))
		return FL_CHAR_NEUTRAL;
	if (iswspace_l(c, r->locale) || (r->no_break_is_space && is_no_break(c)))
		return FL_CHAR_SPACE;
	return FL_CHAR_WORD;
}

static enum fl_char_class ascii_class(int c)
{
	if (c == ' ' || (c >= '\t' && c <= '\r'))
		return FL_CHAR_SPACE;
	return c > ' ' && c < 0x7F ? FL_CHAR_WORD : FL_CHAR_NEUTRAL;
}

static enum fl_char_class byte_class(const struct fl_words_rules *r, int c)
{
	if (c == ' ' || (c >= '\t' && c <= '\r'))
		return FL_CHAR_SPACE;
	if (!isprint_l(c, r->locale))
		return FL_CHAR_NEUTRAL;
	if (isspace_l(c, r->locale) || (r->no_break_is_space && is_no_break(btowc(c))))
		return FL_CHAR_SPACE;
	return FL_CHAR_WORD;
}

int fl_words_rules_init(struct fl_words_rules *rules)
{
	memset(rules, 0, sizeof(*rules));
	rules->locale = duplocale(uselocale((locale_t)0));
	if (!rules->locale)
		return -ENOMEM;
	rules->no_break_is_space = !getenv("POSIXLY_CORRECT");
	rules->mode = FL_WORDS_ASCII;
	for (int c = 0; c < 256; c++) {
		rules->table[c] = (unsigned char)byte_class(rules, c);
		if (rules->table[c] != (unsigned char)ascii_class(c))
			rules->mode = FL_WORDS_TABLE;
	}
	if (strcmp(nl_langinfo_l(CODESET, rules->locale), "UTF-8") == 0)
		rules->mode = FL_WORDS_UTF8;
	return 0;
}

void fl_words_rules_done(struct fl_words_rules *rules)
{
	if (rules->locale)
		freelocale(rules->locale);
	rules->locale = (locale_t)0;
}

static void decide(struct fl_words *w, enum fl_char_class class)
{
	if (class == FL_CHAR_NEUTRAL)
		return;
	if (!w->decided) {
		w->decided = 1;
		w->starts_word = class == FL_CHAR_WORD;
	}
	w->words += class == FL_CHAR_WORD && !w->in_word;
	w->in_word = class == FL_CHAR_WORD;
}

static void feed_table(struct fl_words *w, const unsigned char *table, const unsigned char *p,
		       size_t n)
{
	for (size_t i = 0; i < n; i++)
		decide(w, (enum fl_char_class)table[p[i]]);
}

/* Bytes whose classes are those of the C locale. */
static void feed_ascii(struct fl_words *w, const struct fl_words_rules *rules,
		       const unsigned char *p, size_t n)
{
	bool in_word;

	/* The kernel does not say which byte decided first. */
	while (n > 0 && !w->decided) {
		decide(w, (enum fl_char_class)rules->table[*p]);
		p++;
		n--;
	}
	if (n <= SHORT_RUN_BYTES) {
		feed_table(w, rules->table, p, n);
		return;
	}
	in_word = w->in_word;
	w->words += fl_kernels_get()->count_words_ascii(p, n, &in_word);
	w->in_word = in_word;
}

/* 0: this byte begins no character of several bytes (RFC 3629, section 4) */
static size_t utf8_length(unsigned char lead)
{
	if (lead >= 0xC2 && lead <= 0xDF)
		return 2;
	if (lead >= 0xE0 && lead <= 0xEF)
		return 3;
	return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/* May `c` be the second byte after `lead`? (RFC 3629, section 4) */
static bool utf8_second(unsigned char lead, unsigned char c)
{
	if ((c & 0xC0) != 0x80)
		return false;
	if (lead == 0xE0)
		return c >= 0xA0;
	if (lead == 0xED)
		return c < 0xA0;
	if (lead == 0xF0)
		return c >= 0x90;
	return lead != 0xF4 || c < 0x90;
}

/*
 * One character of several bytes at p. Return: its length; 0 if none stands
 * there; -1 if one may, but n bytes do not reach.
 */
static int utf8_decode(const unsigned char *p, size_t n, wint_t *ret)
{
	size_t want = utf8_length(p[0]);
	wint_t c = p[0] & (0x7Fu >> want);

	if (want == 0)
		return 0;
	for (size_t i = 1; i < want; i++) {
		if (i == n)
			return -1;
		if (i == 1 ? !utf8_second(p[0], p[1]) : (p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3Fu);
	}
	*ret = c;
	return (int)want;
}

/* Return: bytes used; the rest, fewer than 4, is an unfinished character. */
static size_t feed_wide(struct fl_words *w, const struct fl_words_rules *rules,
			const unsigned char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= 0x80) {
		wint_t c;
		int len = utf8_decode(p + i, n - i, &c);

		if (len < 0)
			break;
		if (len > 0)
			decide(w, wide_class(rules, c));
		i += len > 0 ? (size_t)len : 1;
	}
	return i;
}

/* Give the unfinished character at the end its next bytes. Return: bytes used. */
static size_t feed_tail(struct fl_words *w, const struct fl_words_rules *rules,
			const unsigned char *p, size_t n)
{
	size_t used = 0;

	while (w->tail_len > 0 && used < n) {
		unsigned char whole[4];
		wint_t c;
		int len;

		memcpy(whole, w->tail, w->tail_len);
		whole[w->tail_len] = p[used];
		len = utf8_decode(whole, w->tail_len + 1u, &c);
		if (len == 0) {
			w->tail_len = 0;
			break;
		}
		used++;
		if (len > 0) {
			decide(w, wide_class(rules, c));
			w->tail_len = 0;
		} else {
			w->tail[w->tail_len] = whole[w->tail_len];
			w->tail_len++;
		}
	}
	return used;
}

/* Return: bytes that belong to the head. */
static size_t feed_head(struct fl_words *w, const unsigned char *p, size_t n)
{
	size_t i = 0;

	while (!w->body && i < n) {
		if (w->head_len == sizeof(w->head) || (p[i] & 0xC0) != 0x80)
			w->body = 1;
		else
			w->head[w->head_len++] = p[i++];
	}
	return i;
}

static void feed_utf8(struct fl_words *w, const struct fl_words_rules *rules,
		      const unsigned char *p, size_t n)
{
	size_t i = feed_head(w, p, n);

	i += feed_tail(w, rules, p + i, n - i);
	while (i < n) {
		size_t left = n - i < RUN_BYTES ? n - i : RUN_BYTES;
		size_t run = fl_utf8_ascii_prefix(p + i, left);

		feed_ascii(w, rules, p + i, run);
		i += run;
		if (i == n || p[i] < 0x80)
			continue;
		i += feed_wide(w, rules, p + i, n - i);
		if (i < n && p[i] >= 0x80) {
			w->tail_len = (uint8_t)(n - i);
			memcpy(w->tail, p + i, n - i);
			return;
		}
	}
}

void fl_words_feed(struct fl_words *w, const struct fl_words_rules *rules, const unsigned char *p,
		   size_t n)
{
	if (rules->mode == FL_WORDS_UTF8)
		feed_utf8(w, rules, p, n);
	else if (rules->mode == FL_WORDS_TABLE)
		feed_table(w, rules->table, p, n);
	else
		feed_ascii(w, rules, p, n);
}

/* What the head's bytes complete, if anything, belongs to the piece before. */
static void join_head(struct fl_words *w, const struct fl_words_rules *rules,
		      const struct fl_words *next)
{
	size_t i = w->body ? 0 : feed_head(w, next->head, next->head_len);

	feed_tail(w, rules, next->head + i, next->head_len - i);
	if (next->body) {
		w->body = 1;
		w->tail_len = next->tail_len;
		memcpy(w->tail, next->tail, sizeof(w->tail));
	}
}

void fl_words_join(struct fl_words *w, const struct fl_words_rules *rules,
		   const struct fl_words *next)
{
	if (rules->mode == FL_WORDS_UTF8)
		join_head(w, rules, next);
	w->words += next->words;
	if (!next->decided)
		return;
	w->words -= w->in_word && next->starts_word;
	if (!w->decided) {
		w->decided = 1;
		w->starts_word = next->starts_word;
	}
	w->in_word = next->in_word;
}
