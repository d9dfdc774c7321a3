/* SPDX-License-Identifier: MIT */
#include "ops/regex/pcre.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

/* pcre2jit(3): 32 KiB is what a match has without a stack of its own; 1 MiB is far above
 * what its examples need, and the interpreter takes what exceeds it. */
#define JIT_STACK_START_BYTES FL_KIB(32)
#define JIT_STACK_MAX_BYTES FL_MIB(1)
/* One character: see fl_pcre_keep_stable(). */
#define COPY_SLACK_BYTES 8

int fl_pcre_compile(const struct fl_pcre_source *src, pcre2_code **ret, struct fl_error *reterr)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	PCRE2_UCHAR message[160] = "";
	PCRE2_SIZE off = 0;
	int code = 0;

	if (!context)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	if (src->tables)
		pcre2_set_character_tables(context, src->tables);
	*ret = pcre2_compile((PCRE2_SPTR)(const void *)src->text, src->len, src->flags, &code, &off,
			     context);
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

bool fl_pcre_is_jitted(const pcre2_code *code)
{
	size_t bytes = 0;

	return code && pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &bytes) == 0 && bytes > 0;
}

bool fl_pcre_jit_may_be_wrong(const char *pattern, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++)
		if (pattern[i] == '\\' && pattern[i + 1] >= 'A' && pattern[i + 1] <= 'Z')
			return true;
	return false;
}

int fl_pcre_means_init(struct fl_pcre_means *m, uint32_t groups)
{
	m->data = pcre2_match_data_create(groups + 1, NULL);
	m->context = pcre2_match_context_create(NULL);
	m->stack = pcre2_jit_stack_create(JIT_STACK_START_BYTES, JIT_STACK_MAX_BYTES, NULL);
	if (!m->data || !m->context || !m->stack) {
		fl_pcre_means_done(m);
		return -ENOMEM;
	}
	pcre2_jit_stack_assign(m->context, NULL, m->stack);
	return 0;
}

void fl_pcre_means_done(struct fl_pcre_means *m)
{
	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->context);
	if (m->stack)
		pcre2_jit_stack_free(m->stack);
	*m = (struct fl_pcre_means){0};
}

int fl_pcre_answer(int r)
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
		return r > 0 ? r : -EINVAL;
	}
}

int fl_pcre_match(struct fl_pcre_means *m, const struct fl_pcre_subject *s, size_t from,
		  uint32_t options)
{
	int r;

	options |= s->options;
	if (s->jitted && options == 0)
		r = pcre2_jit_match(s->code, (PCRE2_SPTR)s->p, s->len, from, 0, m->data,
				    m->context);
	else
		r = pcre2_match(s->code, (PCRE2_SPTR)s->p, s->len, from, options, m->data,
				m->context);
	if (r == PCRE2_ERROR_JIT_STACKLIMIT)
		r = pcre2_match(s->code, (PCRE2_SPTR)s->p, s->len, from, options | PCRE2_NO_JIT,
				m->data, m->context);
	/* 0: more groups than there is room for, the first ones are there. */
	return r == 0 ? 1 : fl_pcre_answer(r);
}

static int gather(struct fl_gather *g, const unsigned char *p, size_t len)
{
	unsigned char *to;
	int r = fl_gather_space(g, len, &to);

	if (r < 0)
		return r;
	memcpy(to, p, len);
	return fl_gather_commit(g, len);
}

/* Piece by piece through memory of our own: the file is given nothing that may change while it is written. */
static int gather_all(struct fl_gather *g, const unsigned char *p, size_t len)
{
	static const unsigned char slack[COPY_SLACK_BYTES] = "\n\n\n\n\n\n\n\n";
	int r = 0;

	while (len > 0 && r == 0) {
		size_t n = fl_min_size(len, FL_PCRE_COPY_MAX_BYTES);

		r = gather(g, p, n);
		p += n;
		len -= n;
	}
	return r == 0 ? gather(g, slack, sizeof(slack)) : r;
}

static int keep_long(struct fl_pcre_copy *copy, const unsigned char *p, size_t len,
		     const unsigned char **ret)
{
	int r;

	if (!copy->is_gathering)
		fl_gather_init(&copy->gathered, FL_PCRE_COPY_MAX_BYTES);
	copy->is_gathering = true;
	fl_gather_reset(&copy->gathered);
	r = gather_all(&copy->gathered, p, len);
	return r == 0 ? fl_gather_finish(&copy->gathered, ret) : r;
}

int fl_pcre_keep_stable(struct fl_pcre_copy *copy, const unsigned char *p, size_t len,
			const unsigned char **ret)
{
	if (len > FL_PCRE_COPY_MAX_BYTES)
		return keep_long(copy, p, len, ret);
	if (copy->size < len + COPY_SLACK_BYTES) {
		size_t size = fl_max_size(len + COPY_SLACK_BYTES, FL_KIB(4));
		unsigned char *bytes = realloc(copy->bytes, size);

		if (!bytes)
			return -ENOMEM;
		copy->bytes = bytes;
		copy->size = size;
	}
	memcpy(copy->bytes, p, len);
	memset(copy->bytes + len, '\n', COPY_SLACK_BYTES);
	*ret = copy->bytes;
	return 0;
}

void fl_pcre_copy_drop(struct fl_pcre_copy *copy)
{
	if (copy->is_gathering)
		fl_gather_reset(&copy->gathered);
}

void fl_pcre_copy_done(struct fl_pcre_copy *copy)
{
	free(copy->bytes);
	if (copy->is_gathering)
		fl_gather_done(&copy->gathered);
	*copy = (struct fl_pcre_copy){0};
}
