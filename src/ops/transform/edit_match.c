/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "ops/transform/edit_regex.h"
#include "ops/transform/edit_utf8.h"

/* pcre2jit(3): 32 KiB is what a match has without a stack of its own; 1 MiB is far above what its
 * examples need, and the interpreter takes what exceeds it. */
#define JIT_STACK_START_BYTES FL_KIB(32)
#define JIT_STACK_MAX_BYTES FL_MIB(1)
/* Longer records are matched where they stand: a copy would break the memory limit. */
#define COPY_MAX_BYTES FL_MIB(1)
/* PCRE2 10.42's JIT looks past the end of a text that is not valid UTF-8, by one character. */
#define COPY_SLACK_BYTES 8

int fl_edit_matcher_init(struct fl_edit_matcher *m, const struct fl_edit_regex *re)
{
	*m = (struct fl_edit_matcher){.re = re};
	m->data = pcre2_match_data_create(re->groups + 1, NULL);
	m->context = pcre2_match_context_create(NULL);
	m->stack = pcre2_jit_stack_create(JIT_STACK_START_BYTES, JIT_STACK_MAX_BYTES, NULL);
	if (!m->data || !m->context || !m->stack) {
		fl_edit_matcher_done(m);
		return -ENOMEM;
	}
	pcre2_jit_stack_assign(m->context, NULL, m->stack);
	return 0;
}

void fl_edit_matcher_done(struct fl_edit_matcher *m)
{
	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->context);
	if (m->stack)
		pcre2_jit_stack_free(m->stack);
	free(m->record_copy.bytes);
	free(m->whole_copy.bytes);
	*m = (struct fl_edit_matcher){0};
}

/*
 * PCRE2 takes for granted that text it was promised to be valid UTF-8 stays so; in a mapped file
 * it may not. Return: a private copy, p itself where that would be too large, NULL without memory.
 */
static const unsigned char *keep_stable(struct fl_edit_copy *copy, const unsigned char *p,
					size_t len)
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

int fl_edit_subject_record(struct fl_edit_matcher *m, const unsigned char *p, size_t len,
			   struct fl_edit_subject *ret)
{
	const struct fl_edit_regex *re = m->re;

	*ret = (struct fl_edit_subject){.p = p, .len = len, .code = re->bytes};
	if (!re->is_utf || (re->bytes && fl_utf8_is_ascii(p, len)))
		return 0;
	ret->p = keep_stable(&m->record_copy, p, len);
	if (!ret->p)
		return -ENOMEM;
	if (ret->p != p && fl_utf8_is_valid(ret->p, len)) {
		ret->code = re->utf;
		ret->options = PCRE2_NO_UTF_CHECK;
		return 0;
	}
	ret->code = re->broken;
	ret->options = re->jit_may_be_wrong || ret->p == p ? PCRE2_NO_JIT : 0;
	return 0;
}

int fl_edit_subject_whole(struct fl_edit_matcher *m, const unsigned char *p, size_t len,
			  struct fl_edit_subject *ret)
{
	const struct fl_edit_regex *re = m->re;

	*ret = (struct fl_edit_subject){.p = p, .len = len, .code = re->whole};
	if (re->whole && (!re->is_utf || fl_utf8_is_ascii(p, len)))
		return 1;
	if (!re->whole_utf || len > COPY_MAX_BYTES)
		return 0;
	ret->p = keep_stable(&m->whole_copy, p, len);
	if (!ret->p)
		return -ENOMEM;
	if (!fl_utf8_is_valid(ret->p, len))
		return 0;
	ret->code = re->whole_utf;
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
		return r > 0 ? r : -EINVAL;
	}
}

int fl_edit_match(struct fl_edit_matcher *m, const struct fl_edit_subject *s, size_t from,
		  bool not_empty, const PCRE2_SIZE **ret)
{
	uint32_t options = s->options | (not_empty ? PCRE2_NOTEMPTY_ATSTART : 0);
	int r = pcre2_match(s->code, (PCRE2_SPTR)s->p, s->len, from, options, m->data, m->context);

	if (r == PCRE2_ERROR_JIT_STACKLIMIT)
		r = pcre2_match(s->code, (PCRE2_SPTR)s->p, s->len, from, options | PCRE2_NO_JIT,
				m->data, m->context);
	*ret = pcre2_get_ovector_pointer(m->data);
	return answer(r);
}
