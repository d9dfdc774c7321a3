/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/transform.h>

#include "../support/guardbuf.h"
#include "../support/nasty.h"
#include "../support/opharness.h"
#include "../support/scale.h"

/**
 * struct sink - what a job hands out
 * @fail_at: bytes after which write fails, 0 = never
 */
struct sink {
	char *text;
	size_t len;
	size_t fail_at;
	unsigned changes;
	char change[400];
};

static int take(void *arg, const void *data, size_t len)
{
	struct sink *s = arg;

	cr_assert(len > 0);
	if (s->fail_at > 0 && s->len + len > s->fail_at)
		return -ENOSPC;
	s->text = realloc(s->text, s->len + len + 1);
	memcpy(s->text + s->len, data, len);
	s->len += len;
	s->text[s->len] = '\0';
	return 0;
}

static int take_change(void *arg, const struct fl_transform_change *c)
{
	struct sink *s = arg;

	s->changes++;
	snprintf(s->change, sizeof(s->change), "%llu:%.*s>%.*s%s", (unsigned long long)c->off,
		 (int)(c->old_len < 100 ? c->old_len : 100), c->old_text,
		 (int)(c->new_len < 100 ? c->new_len : 100), c->new_text,
		 c->is_deleted ? " (deleted)" : "");
	return 0;
}

static struct fl_transform *make(const char *step, struct sink *sink, uint64_t diff_count)
{
	struct fl_transform_step list = {step, strlen(step)};
	struct fl_transform_options opt;
	struct fl_transform *t = NULL;
	struct fl_error err = {0};

	fl_transform_options_init(&opt);
	opt.steps = &list;
	opt.step_count = 1;
	opt.write = take;
	opt.diff = take_change;
	opt.diff_count = diff_count;
	opt.arg = sink;
	cr_assert(fl_transform_new(&opt, &t, &err) == 0, "%s", err.text);
	return t;
}

static int run(struct fl_transform *t, const void *text, size_t len, const struct opharness *how)
{
	struct fl_error err;

	return opharness_run(fl_transform_operator(t), t, text, len, how, &err);
}

static const struct opharness whole = {
	.chunk = 1 << 20, .slice = 1 << 20, .part_limit = 1 << 20, .delimiter = '\n'};

/* However it is cut and however small the parts are: the same bytes and numbers. */
Test(transform, cuts_do_not_show)
{
	static const char *const steps[] = {"s/a/<&&&&&&>/g", "s/[a-z]+//",  "upper",
					    "delete=e",       "s/^|$/-/g",   "keep=e",
					    "mask=[a-z ]+",   "s/$/\\n\\n/", "s/ /\\n/g"};
	unsigned seed = 1;

	for (double round = 0; round < 400 * test_scale(); round++) {
		struct sink want = {0}, got = {0};
		struct fl_transform_result a = {.size = sizeof(a)}, b = {.size = sizeof(b)};
		const char *step = steps[nasty_rnd(&seed, sizeof(steps) / sizeof(*steps))];
		struct fl_transform *t = make(step, &want, 0), *u = make(step, &got, 0);
		struct opharness how = {.chunk = 1 + nasty_rnd(&seed, 9000),
					.slice = 1 + nasty_rnd(&seed, 5000),
					.part_limit = 4096 + nasty_rnd(&seed, 10000),
					.delimiter = '\n',
					.seed = seed};
		struct nasty text;

		nasty_make((unsigned)nasty_rnd(&seed, NASTY_KINDS), seed, &text);
		cr_assert(run(t, text.data, text.len, &whole) == 0);
		cr_assert(run(u, text.data, text.len, &how) == 0);
		cr_assert(want.len == got.len &&
				  (want.len == 0 || memcmp(want.text, got.text, want.len) == 0),
			  "%s of %s, %zu and %zu bytes", step, text.name, want.len, got.len);
		fl_transform_result(t, &a);
		fl_transform_result(u, &b);
		cr_assert(a.matches == b.matches &&
			  a.old_bytes - a.new_bytes == b.old_bytes - b.new_bytes);
		cr_assert(a.pages == b.pages && text.len + a.new_bytes - a.old_bytes == want.len);
		free(text.data);
		free(want.text);
		free(got.text);
		fl_transform_free(t);
		fl_transform_free(u);
	}
}

Test(transform, pages_are_counted_once)
{
	enum {
		LEN = 5 * 4096
	};
	unsigned char text[LEN];
	struct sink sink = {0};
	struct fl_transform *t = make("mask=x", &sink, 0);
	struct fl_transform_result r = {.size = sizeof(r)};
	struct opharness how = {.chunk = 100, .slice = 50, .part_limit = 4096, .delimiter = '\n'};

	memset(text, '\n', LEN);
	text[10] = text[4000] = text[4095] = 'x';
	text[2 * 4096] = text[2 * 4096 + 5] = 'x';
	text[4 * 4096 + 4095] = 'x';
	cr_assert(run(t, text, LEN, &how) == 0);
	fl_transform_result(t, &r);
	cr_assert(r.pages == 3 && r.matches == 6 && r.changes == 6 && r.new_bytes == 6);
	free(sink.text);
	fl_transform_free(t);
}

Test(transform, changes_are_shown)
{
	struct sink sink = {0};
	struct fl_transform *t = make("s/b/XY/g", &sink, 2), *u = make("delete=b", &sink, 5);
	const char *text = "a\nbab\ncbd\nb";

	cr_assert(run(t, text, strlen(text), &whole) == 0);
	cr_assert(sink.changes == 2);
	cr_assert(strcmp(sink.change, "6:cbd>cXYd") == 0, "%s", sink.change);
	sink.changes = 0;
	cr_assert(run(u, text, strlen(text), &whole) == 0);
	cr_assert(sink.changes == 1);
	cr_assert(strcmp(sink.change, "2:bab\ncbd\nb> (deleted)") == 0, "%s", sink.change);
	free(sink.text);
	fl_transform_free(t);
	fl_transform_free(u);
}

Test(transform, errors_of_write_end_the_run)
{
	struct sink sink = {.fail_at = 5000};
	struct fl_transform *t = make("s/a/b/", &sink, 0);
	struct opharness how = {.chunk = 999, .slice = 500, .part_limit = 4096, .delimiter = '\n'};
	static char text[20000];

	memset(text, 'a', sizeof(text));
	for (size_t i = 50; i < sizeof(text); i += 50)
		text[i] = '\n';
	cr_assert(run(t, text, sizeof(text), &how) == -ENOSPC);
	cr_assert(sink.len <= 5000 && sink.len > 3000);
	free(sink.text);
	fl_transform_free(t);
}

Test(transform, options_are_checked)
{
	struct fl_transform_step step = {"upper", 5};
	struct fl_transform_options opt;
	struct fl_transform_result r = {.size = 1};
	struct fl_transform *t = NULL;
	struct sink sink = {0};
	struct opharness how = whole;
	struct fl_error err;

	fl_transform_options_init(&opt);
	cr_assert(fl_transform_new(&opt, &t, &err) == -EINVAL);
	opt.write = take;
	cr_assert(fl_transform_new(&opt, &t, &err) == -EINVAL);
	opt.steps = &step;
	opt.step_count = 1;
	opt.flags = 1u << 20;
	cr_assert(fl_transform_new(&opt, &t, &err) == -EINVAL);
	opt.flags = FL_TRANSFORM_DRY_RUN;
	opt.arg = &sink;
	cr_assert(fl_transform_new(&opt, &t, &err) == 0);
	cr_assert(run(t, "abc", 3, &whole) == 0 && sink.len == 0);
	cr_assert(fl_transform_result(t, &r) == -EINVAL);
	how.delimiter = 'x';
	cr_assert(run(t, "abc", 3, &how) == -EINVAL);
	fl_transform_free(t);
	fl_transform_free(NULL);
}
