/* SPDX-License-Identifier: MIT */
#include "ops/transform/edit_regex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/transform/edit_pattern.h"
#include "kern/utf8.h"

/* A shorter literal stands in too many records to save PCRE2 work. */
#define PROPOSER_MIN_BYTES 3

/* Streams take a third of PCRE2's time for a text, and PCRE2 0.2 us for a record that they propose:
 * with a record in 512 bytes they gain a little, with one in 256 nothing. */
#define DENSE_BYTES 512
#define DENSE_TEXTS 15

static int compile(const struct fl_pcre_source *prog, pcre2_code **ret, struct fl_error *reterr)
{
	struct fl_error why = {0};
	int r = fl_pcre_compile(prog, ret, &why);

	if (r < 0)
		(void)fl_error_set(reterr, r, FL_OFF_NONE, "regex '%.60s': %s at character %zu",
				   prog->text, why.text, (size_t)why.off + 1);
	return r;
}

/* Another character than 's' or 'k' is not the other case of anything beyond ASCII. */
static bool fold_literal(struct fl_edit_facts *f, bool is_utf)
{
	for (size_t i = 0; i < f->literal_len; i++) {
		unsigned char c = (unsigned char)f->literal[i];

		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c | 0x20);
		if (c >= 0x80 || (is_utf && (c == 's' || c == 'k')))
			return false;
		f->literal[i] = (char)c;
	}
	return true;
}

static enum fl_edit_method choose(struct fl_edit_facts *f, unsigned flags, unsigned char delimiter)
{
	bool usable = f->literal && !memchr(f->literal, delimiter, f->literal_len);

	if (usable && (flags & FL_EDIT_REGEX_ICASE))
		usable = fold_literal(f, (flags & FL_EDIT_REGEX_UTF) != 0);
	if (usable && f->exact)
		return FL_EDIT_LITERAL;
	if (usable && f->literal_len >= PROPOSER_MIN_BYTES)
		return FL_EDIT_PROPOSED;
	if (f->whole && delimiter == '\n' && !(flags & FL_EDIT_REGEX_MULTILINE))
		return FL_EDIT_WHOLE;
	return FL_EDIT_BY_RECORD;
}

static int compile_bytes(struct fl_edit_regex *re, uint32_t flags, struct fl_error *reterr)
{
	struct fl_pcre_source prog = {
		.text = re->pattern, .len = re->pattern_len, .flags = flags | PCRE2_NEVER_UTF};

	re->tables = pcre2_maketables(NULL);
	if (!re->tables)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	prog.tables = re->tables;
	return compile(&prog, &re->bytes, reterr);
}

static int compile_utf(struct fl_edit_regex *re, uint32_t flags, struct fl_error *reterr)
{
	struct fl_pcre_source prog = {.text = re->pattern, .len = re->pattern_len};
	int r;

	prog.flags = flags | PCRE2_UTF;
	r = compile(&prog, &re->utf, reterr);
	if (r < 0)
		return r;
	/* ".*" may begin behind a broken byte, too. */
	prog.flags |= PCRE2_MATCH_INVALID_UTF | PCRE2_NO_DOTSTAR_ANCHOR;
	r = compile(&prog, &re->broken, reterr);
	if (r < 0)
		return r;
	/* \x{100}, for one, has no form in bytes. */
	prog.flags = flags | PCRE2_NEVER_UTF;
	if (fl_utf8_is_ascii((const unsigned char *)re->pattern, re->pattern_len))
		(void)compile(&prog, &re->bytes, NULL);
	return 0;
}

static void compile_whole(struct fl_edit_regex *re, const struct fl_edit_facts *f, uint32_t flags)
{
	struct fl_pcre_source prog = {.text = f->whole, .len = f->whole_len, .tables = re->tables};

	prog.flags = flags | PCRE2_MULTILINE;
	prog.flags &= ~(PCRE2_DOLLAR_ENDONLY | PCRE2_DOTALL);
	if (re->bytes) {
		prog.flags |= PCRE2_NEVER_UTF;
		(void)compile(&prog, &re->whole, NULL);
		prog.flags &= ~PCRE2_NEVER_UTF;
	}
	if (re->is_utf) {
		prog.flags |= PCRE2_UTF;
		(void)compile(&prog, &re->whole_utf, NULL);
	}
	if (!re->whole && !re->whole_utf)
		re->method = FL_EDIT_BY_RECORD;
}

/* Return: 0, also where they are of no use; -ENOMEM. */
static int consider_streams(struct fl_edit_regex *re, unsigned flags)
{
	if (!fl_kernels_get()->streams_are_fast || !fl_streams_know_locale(re->is_utf) ||
	    !fl_utf8_is_ascii((const unsigned char *)re->pattern, re->pattern_len))
		return 0;
	re->streams = calloc(1, sizeof(*re->streams));
	if (!re->streams)
		return -ENOMEM;
	if (fl_streams_init(re->streams, re->pattern, re->pattern_len,
			    (flags & FL_EDIT_REGEX_ICASE) != 0) < 0 ||
	    fl_streams_cost(re->streams) > FL_STREAMS_COST_MAX) {
		free(re->streams);
		re->streams = NULL;
		return 0;
	}
	re->method = FL_EDIT_STREAMS;
	return 0;
}

static int take_facts(struct fl_edit_regex *re, struct fl_edit_facts *f, unsigned flags)
{
	bool icase = (flags & FL_EDIT_REGEX_ICASE) != 0;

	if (re->method != FL_EDIT_LITERAL && re->method != FL_EDIT_PROPOSED)
		return 0;
	re->literal_bytes = malloc(f->literal_len);
	if (!re->literal_bytes)
		return -ENOMEM;
	memcpy(re->literal_bytes, f->literal, f->literal_len);
	fl_literal_init(&re->literal, re->literal_bytes, f->literal_len, icase);
	return 0;
}

/* Where all of a pattern is known, what must match is what goes: nothing looks around, or begins a match
 * behind it. PCRE2 counts characters. */
static void find_least(struct fl_edit_regex *re, const struct fl_edit_facts *f)
{
	if (f->whole || f->exact)
		pcre2_pattern_info(re->utf ? re->utf : re->bytes, PCRE2_INFO_MINLENGTH, &re->least);
}

static int init(struct fl_edit_regex *re, unsigned flags, unsigned char delimiter,
		struct fl_error *reterr)
{
	uint32_t options = PCRE2_DOLLAR_ENDONLY;
	struct fl_edit_facts facts;
	int r = fl_edit_pattern_read(re->pattern, re->pattern_len, &facts);

	options |= flags & FL_EDIT_REGEX_ICASE ? PCRE2_CASELESS : 0;
	/* A newline that another step put into the record is a character, as in sed. */
	options |= flags & FL_EDIT_REGEX_MULTILINE ? PCRE2_MULTILINE : PCRE2_DOTALL;
	re->is_utf = (flags & FL_EDIT_REGEX_UTF) != 0;
	re->jit_may_be_wrong = fl_pcre_jit_may_be_wrong(re->pattern, re->pattern_len);
	if (r == 0) {
		re->method = choose(&facts, flags, delimiter);
		r = take_facts(re, &facts, flags);
	}
	if (r < 0)
		(void)fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	else
		r = re->is_utf ? compile_utf(re, options, reterr)
			       : compile_bytes(re, options, reterr);
	if (r == 0)
		find_least(re, &facts);
	if (r == 0 && re->method == FL_EDIT_WHOLE)
		compile_whole(re, &facts, options);
	if (r == 0 && re->method == FL_EDIT_WHOLE) {
		r = consider_streams(re, flags);
		if (r < 0)
			(void)fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	fl_edit_facts_done(&facts);
	return r;
}

int fl_edit_regex_init(struct fl_edit_regex *re, const char *pattern, size_t len, unsigned flags,
		       unsigned char delimiter, struct fl_error *reterr)
{
	int r;

	*re = (struct fl_edit_regex){.pattern_len = len};
	re->pattern = malloc(len + 1);
	if (!re->pattern)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	memcpy(re->pattern, pattern, len);
	re->pattern[len] = '\0';
	r = init(re, flags, delimiter, reterr);
	if (r < 0) {
		fl_edit_regex_done(re);
		return r;
	}
	pcre2_pattern_info(re->utf ? re->utf : re->bytes, PCRE2_INFO_CAPTURECOUNT, &re->groups);
	return 0;
}

void fl_edit_regex_done(struct fl_edit_regex *re)
{
	pcre2_code_free(re->bytes);
	pcre2_code_free(re->utf);
	pcre2_code_free(re->broken);
	pcre2_code_free(re->whole);
	pcre2_code_free(re->whole_utf);
	if (re->tables)
		pcre2_maketables_free(NULL, re->tables);
	free(re->streams);
	free(re->literal_bytes);
	free(re->pattern);
	*re = (struct fl_edit_regex){0};
}

struct fl_edit_span fl_edit_record_at(const struct fl_edit_text *text, size_t pos)
{
	const unsigned char *end;

	if (text->one_record)
		return (struct fl_edit_span){pos, text->len - text->end_len};
	end = memchr(text->data + pos, text->delimiter, text->len - pos);
	return (struct fl_edit_span){pos, end ? (size_t)(end - text->data) : text->len};
}

size_t fl_edit_record_begin(const struct fl_edit_text *text, size_t low, size_t pos)
{
	const unsigned char *hit = memrchr(text->data + low, text->delimiter, pos - low);

	return hit ? (size_t)(hit + 1 - text->data) : low;
}

int fl_edit_look(struct fl_edit_matcher *m, const struct fl_edit_text *text)
{
	const struct fl_edit_regex *re = m->re;
	int r;

	m->by_streams = false;
	m->next = 0;
	if (!re->streams || text->one_record)
		return 0;
	if (m->dense > 0) {
		m->dense--;
		return 0;
	}
	r = fl_streams_find(re->streams, &m->lane, text->data, text->len,
			    re->is_utf ? FL_STREAMS_UTF : 0);
	if (r < 0)
		return r;
	m->by_streams = m->lane.count <= text->len / DENSE_BYTES + 1;
	m->dense = m->by_streams ? 0 : DENSE_TEXTS;
	return 0;
}

/* Groups may be wanted; and characters are not bytes. */
bool fl_edit_regex_has_spans(const struct fl_edit_regex *re)
{
	const struct fl_chain *chain = re->streams ? &re->streams->chain : NULL;

	return chain && chain->count > 0 && re->groups == 0 && !(re->is_utf && chain->has_high);
}

int fl_edit_spans(struct fl_edit_matcher *m, const struct fl_edit_text *text, size_t begin,
		  size_t end)
{
	return fl_streams_spans(m->re->streams, &m->lane, text->data + begin, end - begin);
}

bool fl_edit_is_whole(const struct fl_edit_matcher *m, const struct fl_edit_text *text)
{
	enum fl_edit_method method = m->re->method;

	return !text->one_record &&
	       (method == FL_EDIT_WHOLE || (method == FL_EDIT_STREAMS && !m->by_streams));
}

/* A record that streams found, or in which there is what they leave to PCRE2. */
static int propose_by_streams(struct fl_edit_matcher *m, size_t pos, struct fl_edit_span *ret)
{
	while (m->next < m->lane.count) {
		const struct fl_stream_line *line = &m->lane.lines[m->next++];

		if (line->begin < pos)
			continue;
		*ret = (struct fl_edit_span){line->begin, line->end};
		m->sure = line->sure;
		return 1;
	}
	return 0;
}

int fl_edit_propose(struct fl_edit_matcher *m, const struct fl_edit_text *text, size_t pos,
		    struct fl_edit_span *ret)
{
	const struct fl_edit_regex *re = m->re;
	const unsigned char *hit;
	size_t at;

	m->sure = false;
	if (m->by_streams && !text->one_record)
		return propose_by_streams(m, pos, ret);
	if (pos >= text->len && !(text->one_record && pos == 0))
		return 0;
	*ret = fl_edit_record_at(text, pos);
	if (text->one_record || (re->method != FL_EDIT_LITERAL && re->method != FL_EDIT_PROPOSED))
		return 1;
	hit = fl_kernels_get()->find_literal(&re->literal, text->data + pos, text->len - pos);
	if (!hit)
		return 0;
	at = (size_t)(hit - text->data);
	*ret = fl_edit_record_at(text, at);
	ret->begin = fl_edit_record_begin(text, pos, at);
	return 1;
}

static int record_matches(struct fl_edit_matcher *m, const struct fl_edit_text *text,
			  const struct fl_edit_span *record)
{
	const unsigned char *p = text->data + record->begin;
	size_t len = record->end - record->begin;
	struct fl_pcre_subject s;
	const PCRE2_SIZE *pairs;
	int r;

	if (m->sure)
		return 1;
	if (m->re->method == FL_EDIT_LITERAL)
		return !text->one_record ||
		       fl_kernels_get()->find_literal(&m->re->literal, p, len) != NULL;
	r = fl_edit_subject_record(m, p, len, &s);
	return r < 0 ? r : fl_edit_match(m, &s, 0, false, &pairs);
}

static int next_by_record(struct fl_edit_matcher *m, const struct fl_edit_text *text, size_t pos,
			  struct fl_edit_span *ret)
{
	for (;;) {
		int r = fl_edit_propose(m, text, pos, ret);

		if (r <= 0)
			return r;
		r = record_matches(m, text, ret);
		if (r != 0)
			return r < 0 ? r : 1;
		if (text->one_record)
			return 0;
		pos = fl_edit_record_next(text, ret);
	}
}

int fl_edit_next_record(struct fl_edit_matcher *m, const struct fl_edit_text *text, size_t pos,
			struct fl_edit_span *ret)
{
	struct fl_pcre_subject s;
	const PCRE2_SIZE *pairs;
	int r;

	ret->begin = pos;
	if (pos == 0) {
		r = fl_edit_look(m, text);
		if (r < 0)
			return r;
	}
	if (!fl_edit_is_whole(m, text) || pos >= text->len)
		return next_by_record(m, text, pos, ret);
	r = fl_edit_subject_whole(m, text->data + pos, text->len - pos, &s);
	if (r <= 0)
		return r < 0 ? r : next_by_record(m, text, pos, ret);
	r = fl_edit_match(m, &s, 0, false, &pairs);
	/* What exceeds a limit over many records may do without it in one. */
	if (r < 0)
		return next_by_record(m, text, pos, ret);
	if (r == 0 || (pairs[0] == s.len && s.p[s.len - 1] == text->delimiter))
		return 0;
	*ret = fl_edit_record_at(text, pos + pairs[0]);
	ret->begin = fl_edit_record_begin(text, pos, pos + pairs[0]);
	return 1;
}
