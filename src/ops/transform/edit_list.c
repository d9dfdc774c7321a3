/* SPDX-License-Identifier: MIT */
#include "ops/transform/edit_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/transform/edit_piece.h"

/* The head of a saved list; then for each program "edit LENGTH", its text, and a newline. */
#define FIRST_LINE "faultline-edits 1\n"
#define LAST_LINE "end\n"
#define PROGRAM_LINE "edit "
/* As many as a command line has stages: a broken file must not make us allocate for it. */
#define PROGRAMS_MAX 64

/** struct fl_edit_list - @owned: the programs go with it */
struct fl_edit_list {
	size_t count;
	bool owned;
	const struct fl_edit *edits[];
};

/**
 * struct fl_edit_list_scratch - of one thread
 * @sum:   of all programs so far, from the original on
 * @step:  of the program at work, on its own text, which stands in @buffer
 * @spare: where the two are put together
 */
struct fl_edit_list_scratch {
	struct fl_deltas sum;
	struct fl_deltas step;
	struct fl_deltas spare;
	unsigned char *buffer;
	size_t buffer_size;
	size_t count;
	struct fl_edit_scratch *edits[];
};

int fl_edit_list_new(const struct fl_edit *const *edits, size_t count, struct fl_edit_list **ret)
{
	struct fl_edit_list *list = calloc(1, sizeof(*list) + count * sizeof(list->edits[0]));

	if (!list)
		return -ENOMEM;
	list->count = count;
	memcpy(list->edits, edits, count * sizeof(list->edits[0]));
	*ret = list;
	return 0;
}

void fl_edit_list_free(struct fl_edit_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; list->owned && i < list->count; i++)
		fl_edit_free((struct fl_edit *)(uintptr_t)list->edits[i]);
	free(list);
}

bool fl_edit_list_preserves_length(const struct fl_edit_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!fl_edit_preserves_length(list->edits[i]))
			return false;
	return true;
}

bool fl_edit_list_never_grows(const struct fl_edit_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!fl_edit_never_grows(list->edits[i]))
			return false;
	return true;
}

bool fl_edit_list_drops_repeats(const struct fl_edit_list *list)
{
	return fl_edit_drops_repeats(list->edits[list->count - 1]);
}

unsigned char fl_edit_list_delimiter(const struct fl_edit_list *list)
{
	return fl_edit_delimiter(list->edits[0]);
}

void fl_edit_list_scratch_free(struct fl_edit_list_scratch *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		fl_edit_scratch_free(s->edits[i]);
	fl_deltas_done(&s->sum);
	fl_deltas_done(&s->step);
	fl_deltas_done(&s->spare);
	free(s->buffer);
	free(s);
}

int fl_edit_list_scratch_new(const struct fl_edit_list *list, struct fl_edit_list_scratch **ret)
{
	struct fl_edit_list_scratch *s = calloc(1, sizeof(*s) + list->count * sizeof(s->edits[0]));
	int r = 0;

	if (!s)
		return -ENOMEM;
	fl_deltas_init(&s->sum, SIZE_MAX);
	fl_deltas_init(&s->step, SIZE_MAX);
	fl_deltas_init(&s->spare, SIZE_MAX);
	while (r == 0 && s->count < list->count) {
		r = fl_edit_scratch_new(list->edits[s->count], &s->edits[s->count]);
		s->count += r == 0;
	}
	if (r < 0)
		fl_edit_list_scratch_free(s);
	else
		*ret = s;
	return r;
}

/* What the programs so far have made of the view. */
static int materialise(struct fl_edit_list_scratch *s, const struct fl_view *in,
		       struct fl_view *text)
{
	size_t len = (size_t)((int64_t)in->len + fl_deltas_growth(&s->sum));

	if (s->buffer_size <= len) {
		size_t size = fl_max_size(len + len / 4 + 1, FL_KIB(64));
		unsigned char *buffer = realloc(s->buffer, size);

		if (!buffer)
			return -ENOMEM;
		s->buffer = buffer;
		s->buffer_size = size;
	}
	fl_deltas_apply(&s->sum, in->off, in->data, in->len, s->buffer);
	*text = (struct fl_view){.off = in->off, .len = len, .data = s->buffer};
	return 0;
}

static int add_step(struct fl_edit_list_scratch *s)
{
	int r;

	if (s->sum.count == 0) {
		fl_deltas_swap(&s->sum, &s->step);
		return 0;
	}
	fl_deltas_reset(&s->spare);
	r = fl_deltas_compose(&s->sum, &s->step, &s->spare);
	fl_deltas_swap(&s->sum, &s->spare);
	return r;
}

/* An error of one of several programs says whose it is, if these have names. */
static void label_error(const struct fl_edit_list *list, size_t i, struct fl_error *err, int r)
{
	const char *label = fl_edit_label(list->edits[i]);
	struct fl_error bare;

	if (!err || label[0] == '\0')
		return;
	bare = *err;
	(void)fl_error_set(err, r, bare.off, "%s: %.180s", label, bare.text);
}

static void begin(struct fl_edit_list_scratch *s, size_t limit_bytes)
{
	struct fl_deltas *lists[] = {&s->sum, &s->step, &s->spare};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		fl_deltas_reset(lists[i]);
		lists[i]->limit_bytes = limit_bytes;
	}
}

static bool is_full(const struct fl_edit_list_scratch *s)
{
	return s->sum.is_full || s->step.is_full || s->spare.is_full;
}

int fl_edit_list_map(const struct fl_edit_list *list, struct fl_edit_list_scratch *s,
		     const struct fl_view *in, size_t limit_bytes, const struct fl_deltas **ret,
		     struct fl_error *reterr)
{
	struct fl_view text = *in;
	int r = 0;

	begin(s, limit_bytes);
	for (size_t i = 0; r == 0 && i < list->count && text.len > 0; i++) {
		fl_deltas_reset(&s->step);
		r = fl_edit_map(list->edits[i], s->edits[i], &text, &s->step, reterr);
		if (r == -FL_ELIMIT && is_full(s))
			return FL_EDIT_FULL;
		if (r < 0) {
			label_error(list, i, reterr, r);
			return r;
		}
		if (s->step.count == 0)
			continue;
		r = add_step(s);
		if (r == 0 && i + 1 < list->count)
			r = materialise(s, in, &text);
	}
	if (r == -FL_ELIMIT && is_full(s))
		return FL_EDIT_FULL;
	if (r < 0) {
		(void)fl_error_set(reterr, r, in->off, NULL);
		return r;
	}
	*ret = &s->sum;
	return 0;
}

static int put_programs(const struct fl_edit_list *list, FILE *f)
{
	for (size_t i = 0; i < list->count; i++) {
		size_t len;
		char *text;
		int r = fl_edit_save(list->edits[i], &text, &len);

		if (r < 0)
			return r;
		fprintf(f, PROGRAM_LINE "%zu\n", len);
		fwrite(text, 1, len, f);
		fputc('\n', f);
		free(text);
	}
	return 0;
}

int fl_edit_list_save(const struct fl_edit_list *list, char **ret, size_t *ret_len)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f;
	int r;

	if (list->count == 1)
		return fl_edit_save(list->edits[0], ret, ret_len);
	f = open_memstream(&text, &len);
	if (!f)
		return -ENOMEM;
	fputs(FIRST_LINE, f);
	r = put_programs(list, f);
	fputs(LAST_LINE, f);
	if (ferror(f) && r == 0)
		r = -ENOMEM;
	if (fclose(f) != 0 && r == 0)
		r = -ENOMEM;
	if (r < 0) {
		free(text);
		return r;
	}
	*ret = text;
	*ret_len = len;
	return 0;
}

/** struct saved - what is left of a saved list */
struct saved {
	const char *p;
	size_t len;
};

static bool take(struct saved *in, const char *word)
{
	size_t n = strlen(word);

	if (in->len < n || memcmp(in->p, word, n) != 0)
		return false;
	in->p += n;
	in->len -= n;
	return true;
}

static bool take_program(struct saved *in, const char **ret, size_t *ret_len)
{
	size_t n = 0;

	if (!take(in, PROGRAM_LINE))
		return false;
	for (; in->len > 0 && *in->p >= '0' && *in->p <= '9'; in->p++, in->len--) {
		n = 10 * n + (size_t)(*in->p - '0');
		if (n > in->len)
			return false;
	}
	if (!take(in, "\n") || n >= in->len || in->p[n] != '\n')
		return false;
	*ret = in->p;
	*ret_len = n;
	in->p += n + 1;
	in->len -= n + 1;
	return true;
}

static int load_programs(struct fl_edit_list *list, struct saved *in, const unsigned char *key,
			 struct fl_error *reterr)
{
	struct fl_edit *edit;
	const char *text;
	size_t len;
	int r;

	while (list->count < PROGRAMS_MAX && take_program(in, &text, &len)) {
		r = fl_edit_load(text, len, key, &edit, reterr);
		if (r < 0)
			return r;
		list->edits[list->count++] = edit;
	}
	if (list->count == 0 || !take(in, LAST_LINE) || in->len > 0)
		return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE,
				    "this is no saved list of edit programs");
	return 0;
}

int fl_edit_list_load(const char *text, size_t len, const unsigned char *key,
		      struct fl_edit_list **ret, struct fl_error *reterr)
{
	struct saved in = {.p = text, .len = len};
	struct fl_edit_list *list =
		calloc(1, sizeof(*list) + PROGRAMS_MAX * sizeof(list->edits[0]));
	struct fl_edit *edit;
	int r;

	if (!list)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	list->owned = true;
	if (take(&in, FIRST_LINE)) {
		r = load_programs(list, &in, key, reterr);
	} else {
		r = fl_edit_load(text, len, key, &edit, reterr);
		if (r == 0)
			list->edits[list->count++] = edit;
	}
	if (r < 0)
		fl_edit_list_free(list);
	else
		*ret = list;
	return r;
}
