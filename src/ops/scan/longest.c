/* SPDX-License-Identifier: MIT */
#include "ops/scan/longest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* pcre2api(3) asks for 20 at least; a pattern of some dozen alternatives takes a few hundred. */
#define WORK_START 1024
/* 4 MiB: what repeats more states than that is refused, as by PCRE2's other limits. */
#define WORK_MAX ((size_t)1 << 20)

/* One that repeats what stands before it: not the "?" of "(?:". */
static bool is_quantifier(const char *pattern, size_t at)
{
	return strchr("*+?{", pattern[at]) && at > 0 &&
	       !(pattern[at] == '?' && pattern[at - 1] == '(');
}

/*
 * Without alternatives, and with one repetition, which takes as much as it can, the first match is
 * the longest. Escapes and classes are read as if they were none, which finds too much.
 */
bool fl_longest_differs(const char *pattern, size_t len)
{
	unsigned repetitions = 0;

	for (size_t i = 0; i < len; i++) {
		if (pattern[i] == '|')
			return true;
		if (pattern[i] != '\0')
			repetitions += is_quantifier(pattern, i);
	}
	return repetitions > 1;
}

static int grow(struct fl_longest *l)
{
	size_t count = l->work_count ? 4 * l->work_count : WORK_START;
	int *work;

	if (count > WORK_MAX)
		return -FL_ELIMIT;
	work = realloc(l->work, count * sizeof(*work));
	if (!work)
		return -ENOMEM;
	l->work = work;
	l->work_count = count;
	return 0;
}

static int prepare(struct fl_longest *l)
{
	if (!l->data)
		l->data = pcre2_match_data_create(1, NULL);
	if (!l->data)
		return -ENOMEM;
	return l->work ? 0 : grow(l);
}

int fl_longest_end(struct fl_longest *l, const struct fl_pcre_subject *s, size_t begin,
		   uint32_t options, size_t *ret)
{
	int found = PCRE2_ERROR_NOMATCH, r = prepare(l);

	while (r == 0) {
		found = pcre2_dfa_match(s->code, (PCRE2_SPTR)s->p, s->len, begin,
					options | PCRE2_ANCHORED, l->data, NULL, l->work,
					l->work_count);
		if (found != PCRE2_ERROR_DFA_WSSIZE && found != PCRE2_ERROR_DFA_RECURSE)
			break;
		r = grow(l);
	}
	if (r < 0)
		return r;
	/* 0: there are more than one; the longest is the first. */
	if (found >= 0)
		*ret = pcre2_get_ovector_pointer(l->data)[1];
	else
		r = fl_pcre_answer(found);
	return r;
}

void fl_longest_done(struct fl_longest *l)
{
	pcre2_match_data_free(l->data);
	free(l->work);
	*l = (struct fl_longest){0};
}
