/* SPDX-License-Identifier: MIT */
#include "ops/scan/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

/* pcre2jit(3): 32 KiB is what a match has without a stack of its own; 1 MiB is far above
 * what its examples need, and the interpreter takes what exceeds it. */
#define JIT_STACK_START_BYTES FL_KIB(32)
#define JIT_STACK_MAX_BYTES FL_MIB(1)
/* Longer lines are matched where they stand: a copy would break the memory limit. */
#define COPY_MAX_BYTES FL_MIB(1)

/* PCRE2 10.42's JIT looks past the end of a text that is not valid UTF-8 ("\b" at the end
 * of "\xff" depends on the byte after it), by one character. In grep's buffer, too, a line
 * end stands there. */
#define COPY_SLACK_BYTES 8

/* What a line cannot end with, and what many lines are told apart by. */
#define LINE_FLAGS PCRE2_DOLLAR_ENDONLY
#define WHOLE_FLAGS PCRE2_MULTILINE

struct program {
	const char *text;
	size_t len;
	uint32_t flags;
	const uint8_t *tables;
};

static int compile(const struct program *prog, pcre2_code **ret, struct fl_error *reterr)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	PCRE2_UCHAR message[160] = "";
	PCRE2_SIZE off = 0;
	int code = 0;

	if (!context)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	if (prog->tables)
		pcre2_set_character_tables(context, prog->tables);
	*ret = pcre2_compile((PCRE2_SPTR)(const void *)prog->text, prog->len, prog->flags, &code,
			     &off, context);
	pcre2_compile_context_free(context);
	if (!*ret) {
		pcre2_get_error_message(code, message, sizeof(message));
		return fl_error_set(reterr, code == PCRE2_ERROR_HEAP_FAILED ? -ENOMEM : -EINVAL,
				    off, "%s", (const char *)message);
	}
	/* Where there is no JIT, pcre2_match() interprets: slower, the same answers. */
	(void)pcre2_jit_compile(*ret, PCRE2_JIT_COMPLETE);
	return 0;
}

/*
 * With (*UTF) in the pattern the "bytes" program would read characters from
 * text that nobody checked.
 */
int fl_regex_init(struct fl_regex *re, struct fl_error *reterr)
{
	struct program prog = {.text = re->text,
			       .len = re->text_len,
			       .flags = re->flags | LINE_FLAGS | PCRE2_NEVER_UTF};
	bool is_ascii = fl_text_is_ascii((const unsigned char *)re->text, re->text_len);
	int r = 0;

	if (!re->is_utf) {
		re->tables = pcre2_maketables(NULL);
		if (!re->tables)
			return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
		prog.tables = re->tables;
		r = compile(&prog, &re->bytes, reterr);
	} else {
		/* \x{100}, for one, has no form in bytes. */
		if (is_ascii)
			(void)compile(&prog, &re->bytes, NULL);
		prog.flags = re->flags | LINE_FLAGS | PCRE2_UTF;
		r = compile(&prog, &re->utf, reterr);
	}
	if (r < 0 || !re->whole_text || !re->bytes)
		return r;
	prog.text = re->whole_text;
	prog.len = re->whole_len;
	prog.flags = re->flags | WHOLE_FLAGS | PCRE2_NEVER_UTF;
	(void)compile(&prog, &re->whole, NULL);
	return 0;
}

void fl_regex_done(struct fl_regex *re)
{
	pcre2_code_free(re->bytes);
	pcre2_code_free(re->utf);
	pcre2_code_free(re->whole);
	if (re->tables)
		pcre2_maketables_free(NULL, re->tables);
	re->bytes = re->utf = re->whole = NULL;
	re->tables = NULL;
}

int fl_matcher_init(struct fl_matcher *m, const struct fl_regex *re)
{
	memset(m, 0, sizeof(*m));
	m->re = re;
	m->data = pcre2_match_data_create(re->groups + 1, NULL);
	m->context = pcre2_match_context_create(NULL);
	m->stack = pcre2_jit_stack_create(JIT_STACK_START_BYTES, JIT_STACK_MAX_BYTES, NULL);
	if (!m->data || !m->context || !m->stack) {
		fl_matcher_done(m);
		return -ENOMEM;
	}
	pcre2_jit_stack_assign(m->context, NULL, m->stack);
	return 0;
}

void fl_matcher_done(struct fl_matcher *m)
{
	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->context);
	if (m->stack)
		pcre2_jit_stack_free(m->stack);
	pcre2_code_free(m->whole_utf);
	pcre2_code_free(m->broken);
	free(m->line_copy.bytes);
	free(m->whole_copy.bytes);
	memset(m, 0, sizeof(*m));
}

/* Return: a private copy, or p itself where that would be too large. */
static const unsigned char *keep_stable(struct fl_copy *copy, const unsigned char *p, size_t len)
{
	if (len > COPY_MAX_BYTES)
		return p;
	if (copy->size < len + COPY_SLACK_BYTES) {
		size_t size = fl_max_size(len + COPY_SLACK_BYTES, FL_KIB(4));
		unsigned char *bytes = realloc(copy->bytes, size);

		if (!bytes)
			return NULL;
		copy->bytes = bytes;
		copy->size = size;
	}
	memcpy(copy->bytes, p, len);
	memset(copy->bytes + len, '\n', COPY_SLACK_BYTES);
	return copy->bytes;
}

/*
 * PCRE2 10.42's JIT is wrong for PCRE2_MATCH_INVALID_UTF with \W, \D, \S on
 * characters beyond ASCII; then the interpreter matches.
 */
static bool jit_may_be_wrong(const struct fl_regex *re)
{
	for (size_t i = 0; i + 1 < re->text_len; i++)
		if (re->text[i] == '\\' && re->text[i + 1] >= 'A' && re->text[i + 1] <= 'Z')
			return true;
	return false;
}

static int broken_program(struct fl_matcher *m)
{
	const struct fl_regex *re = m->re;
	struct program prog = {.text = re->text,
			       .len = re->text_len,
			       .flags = re->flags | LINE_FLAGS | PCRE2_UTF |
					PCRE2_MATCH_INVALID_UTF |
					/* ".*" may begin behind a barrier, too. */
					PCRE2_NO_DOTSTAR_ANCHOR};

	return m->broken ? 0 : compile(&prog, &m->broken, NULL);
}

int fl_matcher_line(struct fl_matcher *m, const unsigned char *p, size_t len,
		    struct fl_subject *ret)
{
	const struct fl_regex *re = m->re;
	int r;

	*ret = (struct fl_subject){.p = p, .len = len, .code = re->bytes};
	if (!re->is_utf || (re->bytes && fl_text_is_ascii(p, len)))
		return 0;
	ret->p = keep_stable(&m->line_copy, p, len);
	if (!ret->p)
		return -ENOMEM;
	ret->code = re->utf;
	ret->options = PCRE2_NO_UTF_CHECK;
	if (fl_text_is_utf8(ret->p, len))
		return 0;
	r = broken_program(m);
	ret->code = m->broken;
	ret->options = jit_may_be_wrong(re) || ret->p == p ? PCRE2_NO_JIT : 0;
	return r;
}

int fl_matcher_whole(struct fl_matcher *m, const unsigned char *p, size_t len,
		     struct fl_subject *ret)
{
	const struct fl_regex *re = m->re;
	struct program prog = {.text = re->whole_text,
			       .len = re->whole_len,
			       .flags = re->flags | WHOLE_FLAGS | PCRE2_UTF};

	*ret = (struct fl_subject){.p = p, .len = len, .code = re->whole};
	if (!re->whole_text)
		return 0;
	if (re->whole && (!re->is_utf || fl_text_is_ascii(p, len)))
		return 1;
	if (!re->is_utf || len > COPY_MAX_BYTES)
		return 0;
	ret->p = keep_stable(&m->whole_copy, p, len);
	if (!ret->p)
		return -ENOMEM;
	if (!fl_text_is_utf8(ret->p, len))
		return 0;
	if (!m->whole_utf && compile(&prog, &m->whole_utf, NULL) < 0)
		return 0;
	ret->code = m->whole_utf;
	ret->options = PCRE2_NO_UTF_CHECK;
	return 1;
}

static int answer(int r)
{
	switch (r) {
	case PCRE2_ERROR_NOMATCH:
		return 0;
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
		return -FL_ELIMIT;
	case PCRE2_ERROR_NOMEMORY:
		return -ENOMEM;
	default:
		return r >= 0 ? 1 : -EINVAL;
	}
}

static int execute(struct fl_matcher *m, const struct fl_subject *s, size_t from, uint32_t options)
{
	int r = pcre2_match(s->code, (PCRE2_SPTR)s->p, s->len, from, options, m->data, m->context);

	if (r == PCRE2_ERROR_JIT_STACKLIMIT)
		r = pcre2_match(s->code, (PCRE2_SPTR)s->p, s->len, from, options | PCRE2_NO_JIT,
				m->data, m->context);
	return answer(r);
}

/* Bytes that mbrlen(3) refuses as the first of a character. */
static bool is_stray(unsigned char c)
{
	return (c >= 0x80 && c < 0xC2) || c >= 0xFE;
}

int fl_matcher_find(struct fl_matcher *m, const struct fl_subject *line, size_t from,
		    struct fl_span *ret)
{
	uint32_t options = line->options | (from > 0 ? PCRE2_NOTBOL : 0);
	struct fl_subject rest = *line;
	const PCRE2_SIZE *found;
	size_t skipped = 0;
	int r;

	while (m->re->is_utf && from < line->len && is_stray(line->p[from])) {
		skipped = ++from;
		options |= PCRE2_NOTBOL;
	}
	/* grep looks at the end of a line as at an empty text: nothing is behind. */
	if (from == line->len)
		skipped = from;
	rest.p += skipped;
	rest.len -= skipped;
	r = execute(m, &rest, from - skipped, options);
	if (r <= 0)
		return r;
	found = pcre2_get_ovector_pointer(m->data);
	ret->begin = found[0] + skipped;
	ret->end = found[1] + skipped;
	m->base = skipped;
	return 1;
}

bool fl_matcher_group(const struct fl_matcher *m, uint32_t group, struct fl_span *ret)
{
	const PCRE2_SIZE *found = pcre2_get_ovector_pointer(m->data) + 2 * (size_t)group;

	if (found[0] == PCRE2_UNSET || found[0] > found[1])
		return false;
	ret->begin = found[0] + m->base;
	ret->end = found[1] + m->base;
	return true;
}

uint64_t fl_matcher_mark(const struct fl_matcher *m)
{
	PCRE2_SPTR mark = pcre2_get_mark(m->data);

	return mark ? strtoull((const char *)mark, NULL, 10) : 0;
}

int fl_matcher_find_whole(struct fl_matcher *m, const struct fl_subject *text, size_t from,
			  struct fl_span *ret)
{
	int r = execute(m, text, from, text->options);

	if (r <= 0)
		return r;
	ret->begin = pcre2_get_ovector_pointer(m->data)[0];
	ret->end = pcre2_get_ovector_pointer(m->data)[1];
	return 1;
}
