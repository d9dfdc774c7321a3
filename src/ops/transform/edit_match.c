/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "ops/transform/edit_regex.h"
#include "kern/utf8.h"

int fl_edit_matcher_init(struct fl_edit_matcher *m, const struct fl_edit_regex *re)
{
	int r;

	*m = (struct fl_edit_matcher){.re = re};
	r = fl_pcre_means_init(&m->means, re->groups);
	return r == 0 && re->streams ? fl_streams_lane_init(&m->lane) : r;
}

void fl_edit_matcher_done(struct fl_edit_matcher *m)
{
	fl_pcre_means_done(&m->means);
	fl_streams_lane_done(&m->lane);
	fl_pcre_copy_done(&m->record_copy);
	fl_pcre_copy_done(&m->whole_copy);
	*m = (struct fl_edit_matcher){0};
}

int fl_edit_subject_record(struct fl_edit_matcher *m, const unsigned char *p, size_t len,
			   struct fl_pcre_subject *ret)
{
	const struct fl_edit_regex *re = m->re;
	int r;

	*ret = (struct fl_pcre_subject){.p = p, .len = len, .code = re->bytes};
	if (!re->is_utf || (re->bytes && fl_utf8_is_ascii(p, len)))
		return 0;
	r = fl_pcre_keep_stable(&m->record_copy, p, len, &ret->p);
	if (r < 0)
		return r;
	if (fl_utf8_is_valid(ret->p, len)) {
		ret->code = re->utf;
		ret->options = PCRE2_NO_UTF_CHECK;
		return 0;
	}
	ret->code = re->broken;
	ret->options = re->jit_may_be_wrong ? PCRE2_NO_JIT : 0;
	return 0;
}

int fl_edit_subject_whole(struct fl_edit_matcher *m, const unsigned char *p, size_t len,
			  struct fl_pcre_subject *ret)
{
	const struct fl_edit_regex *re = m->re;
	int r;

	*ret = (struct fl_pcre_subject){.p = p, .len = len, .code = re->whole};
	if (re->whole && (!re->is_utf || fl_utf8_is_ascii(p, len)))
		return 1;
	if (!re->whole_utf || len > FL_PCRE_COPY_MAX_BYTES)
		return 0;
	r = fl_pcre_keep_stable(&m->whole_copy, p, len, &ret->p);
	if (r < 0)
		return r;
	if (!fl_utf8_is_valid(ret->p, len))
		return 0;
	ret->code = re->whole_utf;
	ret->options = PCRE2_NO_UTF_CHECK;
	return 1;
}

int fl_edit_match(struct fl_edit_matcher *m, const struct fl_pcre_subject *s, size_t from,
		  bool not_empty, const PCRE2_SIZE **ret)
{
	int r = fl_pcre_match(&m->means, s, from, not_empty ? PCRE2_NOTEMPTY_ATSTART : 0);

	*ret = pcre2_get_ovector_pointer(m->means.data);
	return r;
}
