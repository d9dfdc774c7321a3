/* SPDX-License-Identifier: MIT */
#include "ops/transform/edit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ops/transform/edit_impl.h"

void fl_edit_options_init(struct fl_edit_options *opt)
{
	*opt = (struct fl_edit_options){
		.size = sizeof(*opt), .delimiter = '\n', .mask_char = '*', .range_len = UINT64_MAX};
}

static const char *copy_bytes(const char *p, size_t len)
{
	char *copy = malloc(len + 1);

	if (copy) {
		memcpy(copy, p, len);
		copy[len] = '\0';
	}
	return copy;
}

/* The options as given are kept: fl_edit_save() writes them. */
static int copy_options(struct fl_edit *edit, const struct fl_edit_options *opt)
{
	struct fl_edit_step *steps = calloc(opt->step_count, sizeof(*steps));

	edit->opt = *opt;
	edit->opt.where = NULL;
	edit->opt.steps = edit->texts = steps;
	edit->opt.step_count = 0;
	if (!steps)
		return -ENOMEM;
	for (; edit->opt.step_count < opt->step_count; edit->opt.step_count++) {
		const struct fl_edit_step *step = &opt->steps[edit->opt.step_count];

		steps[edit->opt.step_count] = (struct fl_edit_step){
			.text = copy_bytes(step->text, step->len), .len = step->len};
		if (!steps[edit->opt.step_count].text)
			return -ENOMEM;
	}
	if (opt->where) {
		edit->opt.where = copy_bytes(opt->where, opt->where_len);
		if (!edit->opt.where)
			return -ENOMEM;
	}
	return 0;
}

static int compile_where(struct fl_edit *edit, struct fl_error *reterr)
{
	const struct fl_edit_options *opt = &edit->opt;
	unsigned flags = (opt->flags & FL_EDIT_UTF ? FL_EDIT_REGEX_UTF : 0) |
			 (opt->flags & FL_EDIT_MULTILINE ? FL_EDIT_REGEX_MULTILINE : 0);

	if (!opt->where)
		return 0;
	return fl_edit_regex_init(&edit->where, opt->where, opt->where_len, flags, opt->delimiter,
				  reterr);
}

static const char *regex_plan(const struct fl_edit_regex *re, char *buf, size_t size)
{
	int len = re->literal.len < 40 ? (int)re->literal.len : 40;

	switch (re->method) {
	case FL_EDIT_LITERAL:
		snprintf(buf, size, "literal '%.*s'", len, (const char *)re->literal_bytes);
		break;
	case FL_EDIT_PROPOSED:
		snprintf(buf, size, "literal '%.*s', then pcre2-jit", len,
			 (const char *)re->literal_bytes);
		break;
	case FL_EDIT_WHOLE:
		snprintf(buf, size, "pcre2-jit on whole views");
		break;
	case FL_EDIT_STREAMS:
		snprintf(buf, size, "%s",
			 fl_edit_regex_has_spans(re) ? "bit streams"
						     : "bit streams, then pcre2-jit");
		break;
	default:
		snprintf(buf, size, "pcre2-jit line by line");
		break;
	}
	return buf;
}

static void describe(struct fl_edit *edit)
{
	char buf[80];
	size_t len = 0;

	for (size_t k = 0; k < edit->step_count && len < sizeof(edit->plan); k++) {
		const struct fl_step *step = &edit->steps[k];
		const char *plan = "bytes";

		if (step->regex.pattern)
			plan = regex_plan(&step->regex, buf, sizeof(buf));
		else if (step->kind == FL_STEP_REDACT)
			plan = step->redact.preset->name;

		len += (size_t)snprintf(edit->plan + len, sizeof(edit->plan) - len, "%s%s",
					k > 0 ? "; " : "", plan);
	}
	if (edit->drops_repeats && len < sizeof(edit->plan))
		snprintf(edit->plan + len, sizeof(edit->plan) - len, "%srepeats, in order",
			 len > 0 ? "; " : "");
}

static int check_options(const struct fl_edit_options *opt, struct fl_error *reterr)
{
	const unsigned known = FL_EDIT_UTF | FL_EDIT_MULTILINE | FL_EDIT_REDACT_HASH;

	if (opt->size != sizeof(*opt) || (opt->flags & ~known) || opt->step_count == 0)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "no edit given");
	return 0;
}

static int add_step(struct fl_edit *edit, const struct fl_edit_step *text, struct fl_error *reterr)
{
	struct fl_step *steps = realloc(edit->steps, (edit->step_count + 1) * sizeof(*steps));
	int r;

	if (!steps)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	edit->steps = steps;
	r = fl_step_init(&steps[edit->step_count], text, &edit->opt, reterr);
	edit->step_count += r == 0;
	return r;
}

#define REDACT "redact="
#define REDACT_LEN (sizeof(REDACT) - 1)
/* No name is longer; one that is will be told in short. */
#define REDACT_NAME_MAX 40

/* A list is as many steps as it has names. */
static int add_redactions(struct fl_edit *edit, const char *list, size_t len,
			  struct fl_error *reterr)
{
	char text[REDACT_LEN + REDACT_NAME_MAX + 1] = REDACT;
	int r = 0;

	if (len == 3 && memcmp(list, "all", 3) == 0)
		return add_redactions(edit, fl_redact_all(), strlen(fl_redact_all()), reterr);
	for (bool more = true; r == 0 && more;) {
		const char *comma = memchr(list, ',', len);
		size_t n = comma ? (size_t)(comma - list) : len;
		size_t shown = n < REDACT_NAME_MAX ? n : REDACT_NAME_MAX;
		struct fl_edit_step step = {text, REDACT_LEN + shown};

		memcpy(text + REDACT_LEN, list, shown);
		text[step.len] = '\0';
		r = add_step(edit, &step, reterr);
		more = comma != NULL;
		list += n + more;
		len -= n + more;
	}
	return r;
}

static bool is_dedup(const struct fl_edit_step *text)
{
	const char name[] = "dedup-adjacent";

	return text->len == sizeof(name) - 1 && memcmp(text->text, name, text->len) == 0;
}

/* What it looks at are the lines of the result. */
static int add_dedup(struct fl_edit *edit, size_t k, struct fl_error *reterr)
{
	const struct fl_edit_options *opt = &edit->opt;

	if (k + 1 < opt->step_count)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "dedup-adjacent must be the last edit");
	if (opt->where || opt->range_off > 0 || opt->range_len != UINT64_MAX)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "dedup-adjacent works on all lines, not on a range or some of "
				    "them");
	edit->drops_repeats = true;
	return 0;
}

static int compile(struct fl_edit *edit, const struct fl_edit_options *opt, struct fl_error *reterr)
{
	int r = copy_options(edit, opt);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	r = compile_where(edit, reterr);
	for (size_t k = 0; r == 0 && k < edit->opt.step_count; k++) {
		const struct fl_edit_step *text = &edit->opt.steps[k];

		if (is_dedup(text))
			r = add_dedup(edit, k, reterr);
		else if (text->len >= REDACT_LEN && memcmp(text->text, REDACT, REDACT_LEN) == 0)
			r = add_redactions(edit, text->text + REDACT_LEN, text->len - REDACT_LEN,
					   reterr);
		else
			r = add_step(edit, text, reterr);
	}
	return r;
}

int fl_edit_compile(const struct fl_edit_options *opt, struct fl_edit **ret,
		    struct fl_error *reterr)
{
	struct fl_edit *edit;
	int r = check_options(opt, reterr);

	if (r < 0)
		return r;
	edit = calloc(1, sizeof(*edit));
	if (!edit)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	r = compile(edit, opt, reterr);
	if (r < 0) {
		fl_edit_free(edit);
		return r;
	}
	snprintf(edit->label, sizeof(edit->label), "%s", opt->label ? opt->label : "");
	edit->opt.label = edit->label;
	describe(edit);
	*ret = edit;
	return 0;
}

static void free_text(const char *text)
{
	free((void *)(uintptr_t)text);
}

void fl_edit_free(struct fl_edit *edit)
{
	if (!edit)
		return;
	for (size_t k = 0; k < edit->step_count; k++)
		fl_step_done(&edit->steps[k]);
	for (size_t k = 0; k < edit->opt.step_count; k++)
		free_text(edit->texts[k].text);
	fl_edit_regex_done(&edit->where);
	free_text(edit->opt.where);
	free(edit->texts);
	free(edit->steps);
	free(edit);
}

const char *fl_edit_label(const struct fl_edit *edit)
{
	return edit->label;
}

bool fl_edit_drops_repeats(const struct fl_edit *edit)
{
	return edit->drops_repeats;
}

bool fl_edit_preserves_length(const struct fl_edit *edit)
{
	if (edit->drops_repeats)
		return false;
	for (size_t k = 0; k < edit->step_count; k++)
		if (!fl_step_preserves_length(&edit->steps[k]))
			return false;
	return true;
}

bool fl_edit_never_grows(const struct fl_edit *edit)
{
	for (size_t k = 0; k < edit->step_count; k++)
		if (!fl_step_never_grows(&edit->steps[k]))
			return false;
	return true;
}

unsigned char fl_edit_delimiter(const struct fl_edit *edit)
{
	return edit->opt.delimiter;
}

const char *fl_edit_plan(const struct fl_edit *edit)
{
	return edit->plan;
}

static int init_scratch(struct fl_edit_scratch *s, const struct fl_edit *edit)
{
	int r = 0;

	fl_deltas_init(&s->step_deltas, SIZE_MAX);
	fl_deltas_init(&s->sum, SIZE_MAX);
	fl_deltas_init(&s->spare, SIZE_MAX);
	s->steps = calloc(edit->step_count + 1, sizeof(*s->steps));
	if (!s->steps)
		return -ENOMEM;
	for (; r == 0 && s->step_count < edit->step_count; s->step_count++)
		if (edit->steps[s->step_count].regex.pattern)
			r = fl_edit_matcher_init(&s->steps[s->step_count].matcher,
						 &edit->steps[s->step_count].regex);
	if (r == 0 && edit->opt.where)
		r = fl_edit_matcher_init(&s->where, &edit->where);
	return r;
}

int fl_edit_scratch_new(const struct fl_edit *edit, struct fl_edit_scratch **ret)
{
	struct fl_edit_scratch *s = calloc(1, sizeof(*s));
	int r = s ? init_scratch(s, edit) : -ENOMEM;

	if (r < 0)
		fl_edit_scratch_free(s);
	else
		*ret = s;
	return r;
}

void fl_edit_scratch_free(struct fl_edit_scratch *s)
{
	if (!s)
		return;
	for (size_t k = 0; k < s->step_count; k++)
		fl_edit_matcher_done(&s->steps[k].matcher);
	fl_edit_matcher_done(&s->where);
	fl_deltas_done(&s->step_deltas);
	fl_deltas_done(&s->sum);
	fl_deltas_done(&s->spare);
	free(s->steps);
	free(s->buffers[0]);
	free(s->buffers[1]);
	free(s);
}
