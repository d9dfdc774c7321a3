/* SPDX-License-Identifier: MIT */
#include "ops/scan/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

/* What a line cannot end with, and what many lines are told apart by. */
#define LINE_FLAGS PCRE2_DOLLAR_ENDONLY
#define WHOLE_FLAGS PCRE2_MULTILINE

/*
 * Who knows where a match begins, and that no newline follows, need not have it looked for, nor every
 * byte of ".*" compared with a newline. What the groups hold is of no interest then, and patterns that
 * refer to them have no literal.
 */
static void compile_lead(struct fl_regex *re)
{
	struct fl_pcre_source prog = {.text = re->text,
				      .len = re->text_len,
				      .flags = re->flags | LINE_FLAGS | PCRE2_NEVER_UTF |
					       PCRE2_ANCHORED | PCRE2_DOTALL |
					       PCRE2_NO_AUTO_CAPTURE,
				      .tables = re->tables};

	(void)fl_pcre_compile(&prog, &re->lead, NULL);
	re->lead_is_jitted = fl_pcre_is_jitted(re->lead);
}

/* That is beyond pcre2_dfa_match(3). */
static bool refers_back(const pcre2_code *code)
{
	uint32_t highest = 0;

	return pcre2_pattern_info(code, PCRE2_INFO_BACKREFMAX, &highest) != 0 || highest > 0;
}

/*
 * With (*UTF) in the pattern the "bytes" program would read characters from
 * text that nobody checked.
 */
int fl_regex_init(struct fl_regex *re, struct fl_error *reterr)
{
	struct fl_pcre_source prog = {.text = re->text,
				      .len = re->text_len,
				      .flags = re->flags | LINE_FLAGS | PCRE2_NEVER_UTF};
	bool is_ascii = fl_utf8_is_ascii((const unsigned char *)re->text, re->text_len);
	int r = 0;

	if (!re->is_utf) {
		re->tables = pcre2_maketables(NULL);
		if (!re->tables)
			return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
		prog.tables = re->tables;
		r = fl_pcre_compile(&prog, &re->bytes, reterr);
	} else {
		/* \x{100}, for one, has no form in bytes. */
		if (is_ascii)
			(void)fl_pcre_compile(&prog, &re->bytes, NULL);
		prog.flags = re->flags | LINE_FLAGS | PCRE2_UTF;
		r = fl_pcre_compile(&prog, &re->utf, reterr);
	}
	if (r == 0 && re->longest)
		re->longest = !refers_back(re->bytes ? re->bytes : re->utf);
	if (r == 0 && re->leads && re->bytes)
		compile_lead(re);
	if (r < 0 || !re->whole_text || !re->bytes)
		return r;
	prog.text = re->whole_text;
	prog.len = re->whole_len;
	prog.flags = re->flags | WHOLE_FLAGS | PCRE2_NEVER_UTF;
	(void)fl_pcre_compile(&prog, &re->whole, NULL);
	return 0;
}

void fl_regex_done(struct fl_regex *re)
{
	pcre2_code_free(re->bytes);
	pcre2_code_free(re->utf);
	pcre2_code_free(re->whole);
	pcre2_code_free(re->lead);
	if (re->tables)
		pcre2_maketables_free(NULL, re->tables);
	re->bytes = re->utf = re->whole = re->lead = NULL;
	re->tables = NULL;
}

int fl_matcher_init(struct fl_matcher *m, const struct fl_regex *re)
{
	memset(m, 0, sizeof(*m));
	m->re = re;
	return fl_pcre_means_init(&m->means, re->groups);
}

void fl_matcher_done(struct fl_matcher *m)
{
	fl_pcre_means_done(&m->means);
	pcre2_code_free(m->whole_utf);
	pcre2_code_free(m->broken);
	fl_pcre_copy_done(&m->line_copy);
	fl_pcre_copy_done(&m->whole_copy);
	fl_longest_done(&m->longest);
	memset(m, 0, sizeof(*m));
}

static int broken_program(struct fl_matcher *m)
{
	const struct fl_regex *re = m->re;
	struct fl_pcre_source prog = {.text = re->text,
				      .len = re->text_len,
				      .flags = re->flags | LINE_FLAGS | PCRE2_UTF |
					       PCRE2_MATCH_INVALID_UTF |
					       /* ".*" may begin behind a barrier, too. */
					       PCRE2_NO_DOTSTAR_ANCHOR};

	return m->broken ? 0 : fl_pcre_compile(&prog, &m->broken, NULL);
}

void fl_matcher_forget(struct fl_matcher *m)
{
	if (m->kept)
		fl_pcre_copy_drop(&m->line_copy);
	m->kept = NULL;
}

static int keep_line(struct fl_matcher *m, const unsigned char *p, size_t len,
		     const unsigned char **ret)
{
	int r = 0;

	if (len <= FL_PCRE_COPY_MAX_BYTES)
		return fl_pcre_keep_stable(&m->line_copy, p, len, ret);
	if (!m->kept || p != m->kept_from || len != m->kept_len) {
		m->kept = NULL;
		r = fl_pcre_keep_stable(&m->line_copy, p, len, &m->kept);
	}
	m->kept_from = p;
	m->kept_len = len;
	*ret = m->kept;
	return r;
}

int fl_matcher_line(struct fl_matcher *m, const unsigned char *p, size_t len,
		    struct fl_pcre_subject *ret)
{
	const struct fl_regex *re = m->re;
	int r;

	m->valid_end = 0;
	*ret = (struct fl_pcre_subject){.p = p, .len = len, .code = re->bytes};
	if (!re->is_utf || (re->bytes && fl_utf8_is_ascii(p, len)))
		return 0;
	r = keep_line(m, p, len, &ret->p);
	if (r < 0)
		return r;
	ret->code = re->utf;
	ret->options = PCRE2_NO_UTF_CHECK;
	if (fl_utf8_is_valid(ret->p, len))
		return 0;
	r = broken_program(m);
	ret->code = m->broken;
	ret->options = fl_pcre_jit_may_be_wrong(re->text, re->text_len) ? PCRE2_NO_JIT : 0;
	return r;
}

int fl_matcher_begins(struct fl_matcher *m, const unsigned char *p, size_t len)
{
	const struct fl_regex *re = m->re;
	struct fl_pcre_subject rest = {
		.p = p, .len = len, .code = re->lead, .jitted = re->lead_is_jitted};
	int r;

	if (!re->lead || (re->is_utf && !fl_utf8_is_ascii(p, len)))
		return FL_MATCHER_UNKNOWN;
	r = fl_pcre_match(&m->means, &rest, 0, 0);
	return r > 0 ? 1 : r;
}

int fl_matcher_whole(struct fl_matcher *m, const unsigned char *p, size_t len,
		     struct fl_pcre_subject *ret)
{
	const struct fl_regex *re = m->re;
	struct fl_pcre_source prog = {.text = re->whole_text,
				      .len = re->whole_len,
				      .flags = re->flags | WHOLE_FLAGS | PCRE2_UTF};
	int r;

	*ret = (struct fl_pcre_subject){.p = p, .len = len, .code = re->whole};
	if (!re->whole_text)
		return 0;
	if (re->whole && (!re->is_utf || fl_utf8_is_ascii(p, len)))
		return 1;
	if (!re->is_utf || len > FL_PCRE_COPY_MAX_BYTES)
		return 0;
	r = fl_pcre_keep_stable(&m->whole_copy, p, len, &ret->p);
	if (r < 0)
		return r;
	if (!fl_utf8_is_valid(ret->p, len))
		return 0;
	if (!m->whole_utf && fl_pcre_compile(&prog, &m->whole_utf, NULL) < 0)
		return 0;
	ret->code = m->whole_utf;
	ret->options = PCRE2_NO_UTF_CHECK;
	return 1;
}

/* Bytes that mbrlen(3) refuses as the first of a character. */
static bool is_stray(unsigned char c)
{
	return (c >= 0x80 && c < 0xC2) || c >= 0xFE;
}

/* Nothing but what is empty matches before a byte that is no text. */
static int find_before_stray(struct fl_matcher *m, const struct fl_pcre_subject *line,
			     struct fl_span *ret)
{
	struct fl_pcre_subject nothing = *line;
	int r;

	nothing.len = 0;
	r = fl_pcre_match(&m->means, &nothing, 0, PCRE2_NOTEOL);
	if (r <= 0)
		return r;
	*ret = (struct fl_span){0};
	m->base = 0;
	return 1;
}

int fl_matcher_find(struct fl_matcher *m, const struct fl_pcre_subject *line, size_t from,
		    struct fl_span *ret)
{
	uint32_t options = from > 0 ? PCRE2_NOTBOL : 0;
	struct fl_pcre_subject rest = *line;
	const PCRE2_SIZE *found;
	size_t skipped = 0;
	int r;

	if (m->re->begins_broken && m->re->is_utf && from == 0 && line->len > 0 &&
	    is_stray(line->p[0])) {
		r = find_before_stray(m, line, ret);
		if (r != 0)
			return r;
	}
	while (m->re->is_utf && from < line->len && is_stray(line->p[from])) {
		skipped = ++from;
		options |= PCRE2_NOTBOL;
	}
	rest.p += skipped;
	rest.len -= skipped;
	r = fl_pcre_match(&m->means, &rest, from - skipped, options);
	if (r <= 0)
		return r;
	found = pcre2_get_ovector_pointer(m->means.data);
	ret->begin = found[0] + skipped;
	ret->end = found[1] + skipped;
	m->base = skipped;
	return 1;
}

/* pcre2_dfa_match(3) bears no invalid text: it is given what is valid around @begin, one character before. */
static struct fl_span valid_around(struct fl_matcher *m, const struct fl_pcre_subject *line,
				   size_t begin)
{
	struct fl_span part = {.begin = begin};
	size_t n = 1;

	for (size_t back = 1; back <= 4 && back <= begin; back++)
		if (fl_utf8_char(line->p + begin - back, back) == back) {
			part.begin = begin - back;
			break;
		}
	if (m->valid_end < begin)
		m->valid_end = begin;
	while (m->valid_end < line->len && n > 0) {
		n = fl_utf8_char(line->p + m->valid_end, line->len - m->valid_end);
		m->valid_end += n;
	}
	part.end = m->valid_end;
	return part;
}

int fl_matcher_find_told(struct fl_matcher *m, const struct fl_pcre_subject *line, size_t from,
			 struct fl_span *ret)
{
	struct fl_pcre_subject subject = *line;
	struct fl_span part = {.end = line->len};
	uint32_t options = 0;
	size_t end;
	int r = fl_matcher_find(m, line, from, ret);

	if (r <= 0 || !m->re->longest)
		return r;
	part.begin = m->base;
	if (line->code == m->broken) {
		part = valid_around(m, line, ret->begin);
		subject.code = m->re->utf;
	}
	if (from > 0 || part.begin > 0)
		options |= PCRE2_NOTBOL;
	if (part.end < line->len)
		options |= PCRE2_NOTEOL;
	if (subject.code == m->re->utf)
		options |= PCRE2_NO_UTF_CHECK;
	subject.p += part.begin;
	subject.len = part.end - part.begin;
	end = ret->end - part.begin;
	r = fl_longest_end(&m->longest, &subject, ret->begin - part.begin, options, &end);
	ret->end = end + part.begin;
	return r < 0 ? r : 1;
}

bool fl_matcher_group(const struct fl_matcher *m, uint32_t group, struct fl_span *ret)
{
	const PCRE2_SIZE *found = pcre2_get_ovector_pointer(m->means.data) + 2 * (size_t)group;

	if (found[0] == PCRE2_UNSET || found[0] > found[1])
		return false;
	ret->begin = found[0] + m->base;
	ret->end = found[1] + m->base;
	return true;
}

uint64_t fl_matcher_mark(const struct fl_matcher *m)
{
	PCRE2_SPTR mark = pcre2_get_mark(m->means.data);

	return mark ? strtoull((const char *)mark, NULL, 10) : 0;
}

int fl_matcher_find_whole(struct fl_matcher *m, const struct fl_pcre_subject *text, size_t from,
			  struct fl_span *ret)
{
	int r = fl_pcre_match(&m->means, text, from, 0);

	if (r <= 0)
		return r;
	ret->begin = pcre2_get_ovector_pointer(m->means.data)[0];
	ret->end = pcre2_get_ovector_pointer(m->means.data)[1];
	return 1;
}
