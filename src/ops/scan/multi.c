/* SPDX-License-Identifier: MIT */
#include "ops/scan/multi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* The character before a block: at most four bytes (RFC 3629, section 3). */
#define LEAD_BYTES 4

static int compile(const struct fl_pcre_source *src, pcre2_code **ret, struct fl_error *reterr)
{
	int r = fl_pcre_compile(src, ret, reterr);

	if (r == 0)
		(void)pcre2_jit_compile(*ret, PCRE2_JIT_PARTIAL_HARD);
	return r;
}

/* Behind a backslash, or "(*": what is not told by where a match begins. */
static bool is_peculiar(const char *p, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (p[i] == '\\' && (p[i + 1] == 'G' || p[i + 1] == 'K'))
			return true;
		if (p[i] == '(' && p[i + 1] == '*')
			return true;
		i += p[i] == '\\';
	}
	return false;
}

static bool looks_behind(const char *p, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (p[i] == '\\' && p[i + 1] == 'A')
			return true;
		if (i + 3 < len && memcmp(p + i, "(?<", 3) == 0 &&
		    (p[i + 3] == '=' || p[i + 3] == '!'))
			return true;
		i += p[i] == '\\';
	}
	return false;
}

static int check_behind(const struct fl_multi_regex *re, struct fl_error *reterr)
{
	uint32_t chars = 0;

	(void)pcre2_pattern_info(re->bytes ? re->bytes : re->utf, PCRE2_INFO_MAXLOOKBEHIND, &chars);
	if (chars <= 1)
		return 0;
	return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
			    "across lines a pattern cannot look behind for more than one "
			    "character");
}

int fl_multi_regex_init(struct fl_multi_regex *re, const struct fl_regex *from, bool dotall,
			struct fl_error *reterr)
{
	struct fl_pcre_source prog = {.text = from->text,
				      .len = from->text_len,
				      .flags = from->flags | PCRE2_MULTILINE |
					       PCRE2_ALT_CIRCUMFLEX | PCRE2_USE_OFFSET_LIMIT |
					       (dotall ? PCRE2_DOTALL : 0)};
	uint32_t flags = prog.flags;
	int r = 0;

	if (is_peculiar(from->text, from->text_len))
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "\\G, \\K and verbs cannot be used across lines");
	re->looks_behind = looks_behind(from->text, from->text_len);
	prog.flags = flags | PCRE2_NEVER_UTF;
	if (!from->is_utf) {
		re->tables = pcre2_maketables(NULL);
		prog.tables = re->tables;
		r = re->tables ? compile(&prog, &re->bytes, reterr) : -ENOMEM;
		return r < 0 ? r : check_behind(re, reterr);
	}
	if (fl_utf8_is_ascii((const unsigned char *)from->text, from->text_len))
		(void)compile(&prog, &re->bytes, NULL);
	prog.flags = flags | PCRE2_UTF;
	r = compile(&prog, &re->utf, reterr);
	prog.flags |= PCRE2_MATCH_INVALID_UTF;
	if (r == 0)
		r = compile(&prog, &re->broken, reterr);
	return r < 0 ? r : check_behind(re, reterr);
}

void fl_multi_regex_done(struct fl_multi_regex *re)
{
	pcre2_code_free(re->bytes);
	pcre2_code_free(re->utf);
	pcre2_code_free(re->broken);
	if (re->tables)
		pcre2_maketables_free(NULL, re->tables);
	memset(re, 0, sizeof(*re));
}

int fl_multi_init(struct fl_multi *x, const struct fl_multi_regex *re)
{
	memset(x, 0, sizeof(*x));
	x->re = re;
	return fl_pcre_means_init(&x->means, 0);
}

void fl_multi_done(struct fl_multi *x)
{
	fl_pcre_means_done(&x->means);
	fl_pcre_copy_done(&x->copy);
	free(x->found);
	memset(x, 0, sizeof(*x));
}

static uint64_t block_of(const struct fl_multi_text *t, size_t pos)
{
	return (t->off + pos) / FL_MULTI_BLOCK_BYTES;
}

static uint64_t block_end(const struct fl_multi_text *t, uint64_t block)
{
	return (block + 1) * FL_MULTI_BLOCK_BYTES - t->off;
}

uint64_t fl_multi_end(const struct fl_multi_text *t, size_t pos)
{
	return fl_min_u64(t->len, block_end(t, block_of(t, pos)) + FL_MULTI_REACH_BYTES);
}

static bool is_continuation(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

/* A character that is cut by the end of what is shown is not shown. */
static size_t whole_characters(const unsigned char *p, size_t len)
{
	size_t back = 0;

	while (back < LEAD_BYTES && back < len && is_continuation(p[len - 1 - back]))
		back++;
	if (back == len || back == LEAD_BYTES || p[len - 1 - back] < 0xC0)
		return len;
	return len - 1 - back;
}

/* PCRE2 takes for granted that text which is valid stays so: it gets a copy. */
static int take_copy(struct fl_multi *x, size_t begin, size_t end, size_t shift)
{
	size_t len = end - begin + shift;

	if (x->copy.size < len) {
		unsigned char *bytes = realloc(x->copy.bytes, len);

		if (!bytes)
			return -ENOMEM;
		x->copy.bytes = bytes;
		x->copy.size = len;
	}
	if (shift > 0)
		x->copy.bytes[0] = '\n';
	memcpy(x->copy.bytes + shift, x->text.data + begin, end - begin);
	x->p = x->copy.bytes;
	x->p_len = len;
	x->base = begin;
	x->shift = shift;
	return 0;
}

static int ready_utf(struct fl_multi *x, size_t begin, size_t end, bool whole)
{
	const struct fl_multi_regex *re = x->re;
	size_t shift = re->looks_behind && begin == 0 && x->text.off > 0;
	int r;

	while (begin > 0 && begin < end && is_continuation(x->text.data[begin]))
		begin++;
	if (!whole)
		end = begin + whole_characters(x->text.data + begin, end - begin);
	r = take_copy(x, begin, end, shift);
	if (r < 0)
		return r;
	x->code = re->utf;
	x->options = PCRE2_NO_UTF_CHECK;
	if (!fl_utf8_is_valid(x->p, x->p_len)) {
		x->code = re->broken;
		/* As in match.c: PCRE2 10.42's JIT is wrong for some of such text. */
		x->options = PCRE2_NO_JIT;
	}
	return 0;
}

/* What PCRE2 is given for attempts that begin in the block of @pos. */
static int make_ready(struct fl_multi *x, size_t pos)
{
	const struct fl_multi_text *t = &x->text;
	uint64_t block = block_of(t, pos), begin_off = block * FL_MULTI_BLOCK_BYTES;
	size_t begin = begin_off > t->off ? (size_t)(begin_off - t->off) : 0;
	size_t end = (size_t)fl_multi_end(t, pos);
	bool whole = t->ends && end == t->len;
	int r = 0;

	if (x->is_ready && x->block == block)
		return 0;
	begin -= fl_min_size(begin, LEAD_BYTES);
	if (x->re->utf && (!x->re->bytes || !fl_utf8_is_ascii(t->data + begin, end - begin))) {
		r = ready_utf(x, begin, end, whole);
	} else {
		x->code = x->re->bytes;
		x->options = 0;
		x->p = t->data;
		x->p_len = end;
		x->base = x->shift = 0;
		if (x->re->looks_behind && begin == 0 && t->off > 0)
			r = take_copy(x, 0, end, 1);
	}
	if (!whole)
		x->options |= PCRE2_PARTIAL_HARD;
	x->block = block;
	x->is_ready = r == 0;
	return r;
}

static int answer(struct fl_multi *x, int r, size_t from)
{
	const PCRE2_SIZE *found = pcre2_get_ovector_pointer(x->means.data);

	if (r >= 0)
		return 1;
	if (r == PCRE2_ERROR_NOMATCH)
		return 0;
	x->failed_at = from;
	switch (r) {
	case PCRE2_ERROR_PARTIAL:
		x->failed_at = found[0] - x->shift + x->base;
		return -FL_ELIMIT;
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
		return -FL_ELIMIT;
	case PCRE2_ERROR_NOMEMORY:
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

/* An attempt that begins in [from, stop), all of it in one block. Return: 1; 0; an error. */
static int find_in_block(struct fl_multi *x, size_t from, size_t stop, struct fl_span *ret)
{
	size_t at = from - x->base + x->shift, limit = stop - 1 - x->base + x->shift;
	const PCRE2_SIZE *found;
	int r;

	while (x->re->utf && x->code != x->re->bytes && at < x->p_len && at <= limit &&
	       is_continuation(x->p[at]))
		at++;
	if (at > limit || at > x->p_len)
		return 0;
	pcre2_set_offset_limit(x->means.context, limit);
	r = pcre2_match(x->code, (PCRE2_SPTR)x->p, x->p_len, at, x->options, x->means.data,
			x->means.context);
	if (r == PCRE2_ERROR_JIT_STACKLIMIT)
		r = pcre2_match(x->code, (PCRE2_SPTR)x->p, x->p_len, at, x->options | PCRE2_NO_JIT,
				x->means.data, x->means.context);
	r = answer(x, r, from);
	if (r <= 0)
		return r;
	found = pcre2_get_ovector_pointer(x->means.data);
	ret->begin = found[0] - x->shift + x->base;
	ret->end = found[1] - x->shift + x->base;
	return 1;
}

static int find(struct fl_multi *x, size_t from, struct fl_span *ret)
{
	const struct fl_multi_text *t = &x->text;

	while (from < t->starts) {
		size_t stop = (size_t)fl_min_u64(t->starts, block_end(t, block_of(t, from)));
		int r = make_ready(x, from);

		if (r < 0) {
			x->failed_at = from;
			return r;
		}
		r = find_in_block(x, from, stop, ret);
		if (r != 0)
			return r;
		from = stop;
	}
	return 0;
}

static int add(struct fl_multi *x, const struct fl_span *match)
{
	if (x->count == FL_MULTI_FOUND_MAX) {
		x->failed_at = match->begin;
		return -E2BIG;
	}
	if (x->count == x->room) {
		size_t room = fl_max_size(64, 2 * x->room);
		struct fl_span *bigger = reallocarray(x->found, room, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		x->found = bigger;
		x->room = room;
	}
	x->found[x->count++] = *match;
	return 0;
}

int fl_multi_search(struct fl_multi *x, const struct fl_multi_text *text, size_t from,
		    size_t last_end)
{
	int r;

	x->text = *text;
	x->is_ready = false;
	x->count = 0;
	x->is_seeded = false;
	x->last_end = last_end;
	x->resume = from;
	for (;;) {
		struct fl_span match;

		r = find(x, x->resume, &match);
		if (r <= 0)
			return r;
		r = add(x, &match);
		if (r < 0)
			return r;
		x->resume = match.end > match.begin ? match.end : match.end + 1;
		/* The rest of the character is not looked at: find_in_block() goes on behind it. */
	}
}

int fl_multi_seed(struct fl_multi *x, size_t end, uint64_t off)
{
	struct fl_span last = {0};
	int r = add(x, &last);

	if (r < 0)
		return r;
	memmove(x->found + 1, x->found, (x->count - 1) * sizeof(*x->found));
	x->found[0] = (struct fl_span){.begin = 0, .end = end};
	x->is_seeded = true;
	x->seed_off = off;
	return 0;
}

bool fl_multi_is_adjacent(const struct fl_multi *x, size_t i)
{
	size_t before = i > 0 ? x->found[i - 1].end : x->last_end;

	return x->found[i].begin == x->found[i].end && x->found[i].begin == before;
}

size_t fl_multi_first(const struct fl_multi *x, size_t pos)
{
	size_t low = 0, high = x->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct fl_span *m = &x->found[mid];

		if (m->end > pos || (m->end == pos && m->begin == pos))
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}
