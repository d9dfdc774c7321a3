/* SPDX-License-Identifier: MIT */
#include "testedit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ops/transform/edit_repeats.h"

struct spec {
	bool uniq;
	char kind;
	const char *a;
	size_t a_len;
	const char *b;
	size_t b_len;
};

static struct spec parse(const char *program, size_t len)
{
	struct spec s = {.uniq = program[0] == 'u'};
	const char *colon;

	program += s.uniq;
	len -= s.uniq;
	if (len == 0)
		return s;
	s.kind = program[0];
	s.a = program + 1;
	s.a_len = len - 1;
	colon = memchr(s.a, ':', s.a_len);
	if (colon) {
		s.b = colon + 1;
		s.b_len = s.a_len - (size_t)(s.b - s.a);
		s.a_len = (size_t)(colon - s.a);
	}
	return s;
}

/* Receives the changes of one record. */
typedef int (*emit_fn)(void *arg, size_t at, size_t old_len, const char *text, size_t len);

static int map_bytes(const struct spec *s, const unsigned char *p, size_t n, emit_fn emit,
		     void *arg)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *hit = memchr(s->a, p[i], s->a_len);

		if (hit)
			r = emit(arg, i, 1, s->b + (hit - s->a), 1);
	}
	return r;
}

static int map_words(const struct spec *s, const unsigned char *p, size_t n, emit_fn emit,
		     void *arg)
{
	static const char stars[] = "****************";
	size_t at = 0;
	int r = 0;

	while (r == 0 && at < n) {
		const unsigned char *hit = memmem(p + at, n - at, s->a, s->a_len);

		if (!hit)
			break;
		if (s->kind == 'd')
			return emit(arg, 0, n, "", 0);
		at = (size_t)(hit - p);
		r = s->kind == 'm' ? emit(arg, at, s->a_len, stars, s->a_len)
				   : emit(arg, at, s->a_len, s->b, s->b_len);
		at += s->a_len;
	}
	return r;
}

static int map_record(const struct spec *s, const unsigned char *p, size_t n, emit_fn emit,
		      void *arg)
{
	if (s->kind == '\0')
		return 0;
	return s->kind == 'y' ? map_bytes(s, p, n, emit, arg) : map_words(s, p, n, emit, arg);
}

/* What becomes of one record; malloc'ed. */
static unsigned char *apply_record(const struct spec *s, const unsigned char *p, size_t n,
				   size_t *ret_len);

struct to_sink {
	struct fl_change_sink *sink;
	uint64_t base;
};

static int emit_to_sink(void *arg, size_t at, size_t old_len, const char *text, size_t len)
{
	struct to_sink *to = arg;

	return fl_change_sink_put(to->sink, to->base + at, old_len, (const unsigned char *)text,
				  len);
}

/* Without its newline: FNV-1a, twice. Not for texts that somebody made to collide. */
static struct fl_record_tag tag_of(const unsigned char *p, size_t n)
{
	struct fl_record_tag tag = {{UINT64_C(0xcbf29ce484222325), UINT64_C(0x9e3779b97f4a7c15)}};

	n -= n > 0 && p[n - 1] == '\n';
	for (int half = 0; half < 2; half++)
		for (size_t i = 0; i < n; i++)
			tag.half[half] = (tag.half[half] ^ p[i]) * UINT64_C(0x100000001b3);
	return tag;
}

/* Does the record go, because of the one before it in this view? */
static int is_repeat(const struct spec *s, const unsigned char *p, size_t n,
		     struct fl_record_ends *ends)
{
	size_t len = 0;
	unsigned char *becomes = apply_record(s, p, n, &len);
	struct fl_record_tag tag = tag_of(becomes, len);
	bool seen = ends->first_len > 0;
	int r;

	free(becomes);
	if (!becomes)
		return -ENOMEM;
	r = len > 0 && seen && memcmp(&tag, &ends->last, sizeof(tag)) == 0;
	if (len > 0 && !seen) {
		ends->first_len = len;
		ends->first = tag;
	}
	if (len > 0)
		ends->last = tag;
	return r;
}

static int edit_map(const void *arg, void *scratch, const struct fl_view *view,
		    struct fl_change_sink *sink, struct fl_error *reterr)
{
	const char *program = arg;
	struct spec s = parse(program, strlen(program));
	struct fl_record_ends ends = {0};
	size_t at = 0;
	int r = 0;

	(void)scratch;
	(void)reterr;
	while (r == 0 && at < view->len) {
		const unsigned char *end = memchr(view->data + at, '\n', view->len - at);
		size_t n = end ? (size_t)(end - view->data) + 1 - at : view->len - at;
		struct to_sink to = {sink, view->off + at};

		r = s.uniq ? is_repeat(&s, view->data + at, n, &ends) : 0;
		if (r > 0)
			r = emit_to_sink(&to, 0, n, "", 0);
		else if (r == 0)
			r = map_record(&s, view->data + at, n, emit_to_sink, &to);
		at += n;
	}
	if (s.uniq)
		fl_change_sink_ends(sink, &ends);
	return r;
}

static int scratch_new(const void *arg, void **ret)
{
	(void)arg;
	*ret = NULL;
	return 0;
}

static void scratch_free(void *scratch)
{
	(void)scratch;
}

void testedit_make(const char *program, struct fl_inplace_edit *ret)
{
	struct spec s = parse(program, strlen(program));

	*ret = (struct fl_inplace_edit){.arg = program,
					.keeps_length = !s.uniq && (s.kind == 'y' || s.kind == 'm'),
					.drops_repeats = s.uniq,
					.delimiter = '\n',
					.program = program,
					.program_len = strlen(program),
					.scratch_new = scratch_new,
					.scratch_free = scratch_free,
					.map = edit_map};
}

static int load(const void *arg, const char *program, size_t len, struct fl_inplace_edit *ret,
		struct fl_error *reterr)
{
	char *copy = strndup(program, len);

	(void)arg;
	(void)reterr;
	if (!copy)
		return -ENOMEM;
	testedit_make(copy, ret);
	return 0;
}

static void unload(struct fl_inplace_edit *edit)
{
	free((void *)(uintptr_t)edit->arg);
}

const struct fl_inplace_loader testedit_loader = {.load = load, .unload = unload};

struct to_text {
	unsigned char *out;
	size_t len;
	const unsigned char *record;
	size_t done;
};

static int emit_to_text(void *arg, size_t at, size_t old_len, const char *text, size_t len)
{
	struct to_text *to = arg;

	memcpy(to->out + to->len, to->record + to->done, at - to->done);
	to->len += at - to->done;
	memcpy(to->out + to->len, text, len);
	to->len += len;
	to->done = at + old_len;
	return 0;
}

static unsigned char *apply_record(const struct spec *s, const unsigned char *p, size_t n,
				   size_t *ret_len)
{
	size_t grown = s->a_len ? n / s->a_len * (s->b_len + 1) : 0;
	struct to_text to = {.out = malloc(n + grown + 1), .record = p};

	if (!to.out)
		return NULL;
	map_record(s, p, n, emit_to_text, &to);
	memcpy(to.out + to.len, p + to.done, n - to.done);
	*ret_len = to.len + n - to.done;
	return to.out;
}

/* The last line may lack its end. */
static size_t drop_repeats(unsigned char *text, size_t len)
{
	size_t before = SIZE_MAX, before_len = 0, out = 0, n;

	for (size_t at = 0; at < len; at += n) {
		const unsigned char *end = memchr(text + at, '\n', len - at);
		size_t bare = end ? (size_t)(end - text) - at : len - at;

		n = bare + (end != NULL);
		if (before != SIZE_MAX && bare == before_len &&
		    memcmp(text + before, text + at, bare) == 0)
			continue;
		memmove(text + out, text + at, n);
		before = out;
		before_len = bare;
		out += n;
	}
	return out;
}

unsigned char *testedit_apply(const char *program, const unsigned char *text, size_t len,
			      size_t *ret_len)
{
	struct spec s = parse(program, strlen(program));
	size_t grown = s.a_len ? len / s.a_len * (s.b_len + 1) : 0;
	struct to_text to = {.out = malloc(len + grown + 1)};
	size_t at = 0;

	while (to.out && at < len) {
		const unsigned char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) + 1 - at : len - at;

		to.record = text + at;
		to.done = 0;
		map_record(&s, text + at, n, emit_to_text, &to);
		memcpy(to.out + to.len, text + at + to.done, n - to.done);
		to.len += n - to.done;
		at += n;
	}
	if (to.out && s.uniq)
		to.len = drop_repeats(to.out, to.len);
	*ret_len = to.len;
	return to.out;
}
