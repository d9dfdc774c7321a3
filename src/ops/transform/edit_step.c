/* SPDX-License-Identifier: MIT */
#include "ops/transform/edit_step.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define REDACT "redact="

/** struct words - the parts of "s/REGEX/REPL/flags" */
struct words {
	char *first;
	size_t first_len;
	char *second;
	size_t second_len;
	const char *rest;
	size_t rest_len;
};

/*
 * Up to the next @delimiter. Behind a backslash it is an ordinary character of a regex or a
 * replacement: the backslash goes, unless it gives the character its ordinary meaning.
 */
static int take_word(const char **p, size_t *len, char delimiter, char *ret, size_t *ret_len)
{
	bool special = strchr("\\^$.[]|()?*+{}&", delimiter) != NULL;
	size_t i, n = 0;

	for (i = 0; i < *len && (*p)[i] != delimiter; i++) {
		if ((*p)[i] == '\\' && i + 1 < *len) {
			i++;
			if ((*p)[i] != delimiter || special)
				ret[n++] = '\\';
		}
		ret[n++] = (*p)[i];
	}
	if (i == *len)
		return -EINVAL;
	*ret_len = n;
	*p += i + 1;
	*len -= i + 1;
	return 0;
}

static void words_done(struct words *w)
{
	free(w->first);
	free(w->second);
}

static int split_words(const struct fl_edit_step *text, struct words *w, struct fl_error *reterr)
{
	const char *p = text->text + 2;
	size_t len = text->len - 2;
	char delimiter = text->text[1];

	*w = (struct words){.first = malloc(text->len), .second = malloc(text->len)};
	if (!w->first || !w->second)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	if (delimiter == '\\' || delimiter == '\n' ||
	    take_word(&p, &len, delimiter, w->first, &w->first_len) < 0 ||
	    take_word(&p, &len, delimiter, w->second, &w->second_len) < 0)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "'%.80s': unterminated '%c' command", text->text,
				    text->text[0]);
	w->rest = p;
	w->rest_len = len;
	return 0;
}

static unsigned regex_flags(const struct fl_edit_options *opt)
{
	return (opt->flags & FL_EDIT_UTF ? FL_EDIT_REGEX_UTF : 0) |
	       (opt->flags & FL_EDIT_MULTILINE ? FL_EDIT_REGEX_MULTILINE : 0);
}

static int bad_flag(const struct fl_edit_step *text, struct fl_error *reterr)
{
	return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
			    "'%.80s': the flags of s are g, i and one number from 1 on",
			    text->text);
}

static int read_flags(struct fl_step *step, const struct words *w, unsigned *flags)
{
	for (size_t i = 0; i < w->rest_len; i++) {
		char c = w->rest[i];

		if (c == 'g' && !step->global) {
			step->global = true;
		} else if (c == 'i' || c == 'I') {
			*flags |= FL_EDIT_REGEX_ICASE;
		} else if (c >= '1' && c <= '9' && step->number == 0) {
			for (; i < w->rest_len && w->rest[i] >= '0' && w->rest[i] <= '9'; i++) {
				if (step->number > UINT64_MAX / 10 - 1)
					return -EINVAL;
				step->number =
					10 * step->number + (unsigned char)(w->rest[i] - '0');
			}
			i--;
		} else {
			return -EINVAL;
		}
	}
	step->number += step->number == 0;
	return 0;
}

static int init_regex(struct fl_step *step, const char *p, size_t len, unsigned flags,
		      const struct fl_edit_options *opt, struct fl_error *reterr)
{
	if (len == 0)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "empty regex");
	return fl_edit_regex_init(&step->regex, p, len, flags, opt->delimiter, reterr);
}

static int init_subst(struct fl_step *step, const struct fl_edit_step *text,
		      const struct fl_edit_options *opt, struct fl_error *reterr)
{
	unsigned flags = regex_flags(opt);
	struct words w;
	int r = split_words(text, &w, reterr);

	step->kind = FL_STEP_SUBST;
	if (r == 0 && read_flags(step, &w, &flags) < 0)
		r = bad_flag(text, reterr);
	if (r == 0)
		r = init_regex(step, w.first, w.first_len, flags, opt, reterr);
	if (r == 0)
		r = fl_template_init(&step->template, w.second, w.second_len, step->regex.groups,
				     reterr);
	words_done(&w);
	return r;
}

/* \\, \n and the delimiter's escape are what y knows; take_word() left other escapes alone. */
static int unescape(char *p, size_t *len)
{
	size_t n = 0;

	for (size_t i = 0; i < *len; i++) {
		if (p[i] == '\\') {
			i++;
			if (i == *len)
				return -EINVAL;
			p[n++] = p[i] == 'n' ? '\n' : p[i] == 't' ? '\t' : p[i];
		} else {
			p[n++] = p[i];
		}
	}
	*len = n;
	return 0;
}

static void identity(unsigned char table[256])
{
	for (unsigned c = 0; c < 256; c++)
		table[c] = (unsigned char)c;
}

static bool is_ascii(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)p[i] >= 0x80)
			return false;
	return true;
}

static void fill_table(struct fl_step *step, const struct words *w)
{
	unsigned char table[256];
	bool seen[256] = {false};

	identity(table);
	for (size_t i = 0; i < w->first_len; i++) {
		unsigned char c = (unsigned char)w->first[i];

		if (!seen[c])
			table[c] = (unsigned char)w->second[i];
		seen[c] = true;
	}
	fl_translation_init(&step->translation, table);
}

static int init_translate(struct fl_step *step, const struct fl_edit_step *text,
			  const struct fl_edit_options *opt, struct fl_error *reterr)
{
	struct words w;
	int r = split_words(text, &w, reterr);

	step->kind = FL_STEP_TRANSLATE;
	if (r < 0)
		goto out;
	if (unescape(w.first, &w.first_len) < 0 || unescape(w.second, &w.second_len) < 0 ||
	    w.first_len != w.second_len || w.rest_len > 0)
		r = fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				 "'%.80s': y needs two texts of the same length", text->text);
	else if ((opt->flags & FL_EDIT_UTF) &&
		 !(is_ascii(w.first, w.first_len) && is_ascii(w.second, w.second_len)))
		r = fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				 "'%.80s': in UTF-8, y takes ASCII characters; use s for others",
				 text->text);
	else
		fill_table(step, &w);
out:
	words_done(&w);
	return r;
}

static void init_case(struct fl_step *step, bool upper)
{
	unsigned char table[256];

	step->kind = FL_STEP_TRANSLATE;
	identity(table);
	for (unsigned c = 'a'; c <= 'z'; c++) {
		unsigned capital = c - 0x20;

		if (upper)
			table[c] = (unsigned char)capital;
		else
			table[capital] = (unsigned char)c;
	}
	fl_translation_init(&step->translation, table);
}

static bool is_named(const struct fl_edit_step *text, const char *name)
{
	size_t n = strlen(name);

	return text->len == n && memcmp(text->text, name, n) == 0;
}

static bool begins(const struct fl_edit_step *text, const char *name)
{
	size_t n = strlen(name);

	return text->len >= n && memcmp(text->text, name, n) == 0;
}

/* Steps that are "name=REGEX". Return: 1; 0 if it is none; an error. */
static int init_with_regex(struct fl_step *step, const struct fl_edit_step *text,
			   const struct fl_edit_options *opt, struct fl_error *reterr)
{
	static const struct {
		const char *name;
		enum fl_step_kind kind;
	} names[] = {{"mask=", FL_STEP_MASK}, {"delete=", FL_STEP_DELETE}, {"keep=", FL_STEP_KEEP}};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t n = strlen(names[i].name);
		int r;

		if (!begins(text, names[i].name))
			continue;
		step->kind = names[i].kind;
		r = init_regex(step, text->text + n, text->len - n, regex_flags(opt), opt, reterr);
		return r < 0 ? r : 1;
	}
	return 0;
}

/* Return: 1; 0 if it is none of these. */
static int init_named(struct fl_step *step, const struct fl_edit_step *text)
{
	if (is_named(text, "upper") || is_named(text, "lower"))
		init_case(step, text->text[0] == 'u');
	else if (is_named(text, "dos2unix"))
		step->kind = FL_STEP_DOS2UNIX;
	else if (is_named(text, "unix2dos"))
		step->kind = FL_STEP_UNIX2DOS;
	else
		return 0;
	return 1;
}

/* One preset: a list of several is several steps. Return: 1; an error. */
static int init_redact(struct fl_step *step, const struct fl_edit_step *text,
		       const struct fl_edit_options *opt, struct fl_error *reterr)
{
	size_t n = strlen(REDACT);

	step->kind = FL_STEP_REDACT;
	if (fl_redact_init(&step->redact, text->text + n, text->len - n) < 0)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "'%.*s': no such thing to redact; "
				    "there are %s",
				    (int)(text->len - n), text->text + n, fl_redact_names());
	step->redact.mask_char = opt->mask_char;
	step->redact.is_hashed = (opt->flags & FL_EDIT_REDACT_HASH) != 0;
	memcpy(step->redact.key, opt->key, sizeof(step->redact.key));
	return 1;
}

int fl_step_init(struct fl_step *step, const struct fl_edit_step *text,
		 const struct fl_edit_options *opt, struct fl_error *reterr)
{
	int r;

	*step = (struct fl_step){.mask_char = opt->mask_char};
	r = init_named(step, text);
	if (r == 0 && begins(text, REDACT))
		r = init_redact(step, text, opt, reterr);
	if (r == 0)
		r = init_with_regex(step, text, opt, reterr);
	if (r == 0 && text->len >= 2 && text->text[0] == 's')
		r = init_subst(step, text, opt, reterr);
	else if (r == 0 && text->len >= 2 && text->text[0] == 'y')
		r = init_translate(step, text, opt, reterr);
	else if (r == 0)
		r = fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "'%.80s': unknown edit", text->text);
	if (r < 0)
		fl_step_done(step);
	return r < 0 ? r : 0;
}

void fl_step_done(struct fl_step *step)
{
	fl_edit_regex_done(&step->regex);
	fl_template_done(&step->template);
}

bool fl_step_preserves_length(const struct fl_step *step)
{
	switch (step->kind) {
	case FL_STEP_TRANSLATE:
	case FL_STEP_MASK:
	case FL_STEP_REDACT:
		return true;
	case FL_STEP_SUBST:
		return step->regex.method == FL_EDIT_LITERAL && step->template.plain &&
		       step->template.text_len == step->regex.literal.len;
	default:
		return false;
	}
}

bool fl_step_never_grows(const struct fl_step *step)
{
	switch (step->kind) {
	case FL_STEP_UNIX2DOS:
		return false;
	case FL_STEP_SUBST:
		return step->template.plain && step->template.text_len <= step->regex.least;
	default:
		return true;
	}
}

int fl_step_run(const struct fl_step *step, struct fl_step_scratch *scratch,
		const struct fl_edit_text *text, struct fl_deltas *out, struct fl_error *reterr)
{
	int r;

	switch (step->kind) {
	case FL_STEP_SUBST:
	case FL_STEP_MASK:
		return fl_step_subst(step, scratch, text, out, reterr);
	case FL_STEP_REDACT:
		r = fl_redact_run(&step->redact, text->off, text->data, text->len, out);
		return r < 0 ? fl_error_set(reterr, r, text->off, NULL) : 0;
	case FL_STEP_DELETE:
	case FL_STEP_KEEP:
		return fl_step_lines(step, scratch, text, out, reterr);
	default:
		r = fl_step_bytes(step, text, out);
		return r < 0 ? fl_error_set(reterr, r, text->off, NULL) : 0;
	}
}
