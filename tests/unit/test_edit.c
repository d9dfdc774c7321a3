/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/transform/edit.h"

#include "../support/guardbuf.h"

/* A program: up to three steps; what it makes of a text. */
struct example {
	const char *steps[4];
	const char *input;
	const char *want;
};

static const struct example examples[] = {
	{{"s/a/b/"}, "aa\nca\n", "ba\ncb\n"},
	{{"s/a/b/g"}, "aa\nca", "bb\ncb"},
	{{"s/a/b/2"}, "aaa\na\naa\n", "aba\na\nab\n"},
	{{"s/a/b/2g"}, "aaa\na\naa\n", "abb\na\nab\n"},
	{{"s/x*/-/g"}, "abxc\n\n", "-a-b-c-\n-\n"},
	{{"s/x*/-/2"}, "abxc\n", "a-bxc\n"},
	{{"s/^/> /"}, "a\n\nb", "> a\n> \n> b"},
	{{"s/$/ </"}, "a\n\nb", "a <\n <\nb <"},
	{{"s/(\\w+) (\\w+)/\\2 $1 & ${2}0/"}, "one two three\n", "two one one two two0 three\n"},
	{{"s/(a)|(b)/[\\1|\\2]/g"}, "ab\n", "[a|][|b]\n"},
	{{"s/\\w+/\\u\\L&/g"}, "hELLO wORLD\n", "Hello World\n"},
	{{"s/(\\w)(\\w*)/\\U\\1\\E\\2!/g"}, "ab cd\n", "Ab! Cd!\n"},
	{{"s/a/\\&\\\\\\n$\\$1$x/"}, "a\n", "&\\\n$$1$x\n"},
	{{"s|/usr|\\|/opt|"}, "/usr/bin\n", "|/opt/bin\n"},
	{{"s,a\\,b,x,"}, "a,b\n", "x\n"},
	{{"s.a\\.b.x."}, "a-b a.b\n", "a-b x\n"},
	{{"s/A/b/gi"}, "aA\n", "bb\n"},
	{{"s/password/XXXX/gI"}, "PassWord passwor\n", "XXXX passwor\n"},
	{{"s/error [0-9]+/E/"}, "no\nerror x error 12\n", "no\nerror x E\n"},
	{{"s/a/x\\ny/", "s/^y/Z/"}, "a\n", "x\ny\n"},
	{{"s/a/x\\ny/", "s/$/Z/"}, "a\nb\n", "x\nyZ\nbZ\n"},
	{{"s/a//", "s/^/Z/"}, "b\na", "Zb\nZ"},
	{{"s/a/x\\ny/", "s/x.y/Z/"}, "bab\n", "bZb\n"},
	{{"delete=a", "s/^/Z/"}, "a\nb\na", "Zb\n"},
	{{"s/a/\\n/", "delete=x", "s/$/Z/"}, "ax\nab\nx", "\nbZ\n"},
	{{"s/a/bb/g", "s/bb/c/g", "s/c/ddd/"}, "aab\nbba\n", "dddcb\ndddc\n"},
	{{"s/b/XbX/", "y/X/Y/", "s/YbY/-/"}, "abc\n", "a-c\n"},
	{{"y/abc/xyz/"}, "aabbcc\nd\n", "xxyyzz\nd\n"},
	{{"y/ab/\\n\\\\/"}, "ab\n", "\n\\\n"},
	{{"y/\\n/x/"}, "ab\ncd\n", "ab\ncd\n"},
	{{"s/,/\\n/g", "y/\\n/;/"}, "a,b\nc\n", "a;b\nc\n"},
	{{"y/ab/ba/"}, "ab\n", "ba\n"},
	{{"upper"}, "aZ{\xC3\xA4\n", "AZ{\xC3\xA4\n"},
	{{"lower"}, "aZ[\n", "az[\n"},
	{{"mask=b+"}, "abbc\nb\n", "a**c\n*\n"},
	{{"mask=Failed password"}, "x Failed password y\n", "x *************** y\n"},
	{{"delete=b"}, "a\nb\nab\nc\nb", "a\nc\n"},
	{{"keep=b"}, "a\nb\nab\nc\nb", "b\nab\nb"},
	{{"keep=x"}, "a\nb\n", ""},
	{{"delete=^$"}, "\na\n\n\nb\n", "a\nb\n"},
	{{"keep=^$"}, "\na\n\n\nb", "\n\n\n"},
	{{"s/b/\\x26\\x4a\\x4A2\\x7\\xg\\x/"}, "abc\n", "a&JJ2\axgxc\n"},
	{{"dos2unix"}, "a\r\n\r\nb\rc\n\r\r\nd\r", "a\n\nb\rc\n\r\nd\r"},
	{{"unix2dos"}, "a\r\n\nb\nc", "a\r\n\r\nb\r\nc"},
	{{"dos2unix", "s/$/;/", "unix2dos"}, "a\r\nb\n", "a;\r\nb;\r\n"},
};

#define EXAMPLES (sizeof(examples) / sizeof(*examples))

static struct fl_edit *compile(const char *const *steps, unsigned flags)
{
	struct fl_edit_options opt;
	struct fl_edit_step list[4];
	struct fl_edit *edit = NULL;
	struct fl_error err = {0};

	fl_edit_options_init(&opt);
	opt.flags = flags;
	opt.steps = list;
	for (; opt.step_count < 4 && steps[opt.step_count]; opt.step_count++)
		list[opt.step_count] =
			(struct fl_edit_step){steps[opt.step_count], strlen(steps[opt.step_count])};
	cr_assert(fl_edit_compile(&opt, &edit, &err) == 0, "%s: %s", steps[0], err.text);
	return edit;
}

static void map_into(const struct fl_edit *edit, const char *p, size_t len, uint64_t off,
		     struct fl_deltas *out)
{
	struct guardbuf buf = guardbuf_new(len);
	struct fl_edit_scratch *scratch;
	struct fl_view view = {.off = off, .len = len, .data = buf.end - len};
	struct fl_error err = {0};

	memcpy(buf.end - len, p, len);
	cr_assert(fl_edit_scratch_new(edit, &scratch) == 0);
	cr_assert(fl_edit_map(edit, scratch, &view, out, &err) == 0, "%s", err.text);
	fl_edit_scratch_free(scratch);
	guardbuf_free(&buf);
}

/* The result, NUL behind it; @split: the records before it are one view, those behind another. */
static char *result(const struct fl_edit *edit, const char *input, size_t split)
{
	const uint64_t off = UINT64_C(5) << 32;
	size_t len = strlen(input), new_len;
	struct fl_deltas d;
	char *ret;

	fl_deltas_init(&d, SIZE_MAX);
	if (split > 0)
		map_into(edit, input, split, off, &d);
	if (split < len)
		map_into(edit, input + split, len - split, off + split, &d);
	new_len = (size_t)((int64_t)len + fl_deltas_growth(&d));
	ret = calloc(1, new_len + 1);
	fl_deltas_apply(&d, off, (const unsigned char *)input, len, (unsigned char *)ret);
	if (fl_edit_preserves_length(edit))
		for (size_t i = 0; i < d.count; i++)
			cr_assert(d.list[i].new_len == d.list[i].old_len);
	fl_deltas_done(&d);
	return ret;
}

static void check(const struct fl_edit *edit, const struct example *e)
{
	size_t len = strlen(e->input);

	for (size_t split = 0; split <= len; split++) {
		char *got;

		if (split > 0 && split < len && e->input[split - 1] != '\n')
			continue;
		got = result(edit, e->input, split);
		cr_assert(strcmp(got, e->want) == 0, "%s; %s: '%s', not '%s'", e->steps[0],
			  e->steps[1] ? e->steps[1] : "", got, e->want);
		free(got);
	}
}

Test(edit, examples)
{
	for (size_t i = 0; i < EXAMPLES; i++)
		for (unsigned flags = 0; flags <= FL_EDIT_UTF; flags += FL_EDIT_UTF) {
			struct fl_edit *edit = compile(examples[i].steps, flags);

			check(edit, &examples[i]);
			fl_edit_free(edit);
		}
}

Test(edit, saved_and_loaded)
{
	for (size_t i = 0; i < EXAMPLES; i++) {
		struct fl_edit *edit = compile(examples[i].steps, FL_EDIT_UTF), *again = NULL;
		struct fl_error err = {0};
		char *text, *text_again;
		size_t len, len_again;

		cr_assert(fl_edit_save(edit, &text, &len) == 0);
		cr_assert(fl_edit_load(text, len, NULL, &again, &err) == 0, "%s", err.text);
		cr_assert(fl_edit_save(again, &text_again, &len_again) == 0);
		cr_assert(len == len_again && memcmp(text, text_again, len) == 0);
		check(again, &examples[i]);
		for (size_t cut = 0; cut < len; cut++) {
			struct fl_edit *none = NULL;

			cr_assert(fl_edit_load(text, cut, NULL, &none, &err) < 0, "%zu", cut);
		}
		free(text);
		free(text_again);
		fl_edit_free(edit);
		fl_edit_free(again);
	}
}

static int load_changed(const char *text, const char *from, const char *to,
			const unsigned char *key)
{
	const char *at = strstr(text, from);
	struct fl_edit *edit = NULL;
	char changed[1000];
	struct fl_error err;
	int r, n = snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, to,
			    at + strlen(from));

	r = fl_edit_load(changed, (size_t)n, key, &edit, &err);
	fl_edit_free(edit);
	return r;
}

Test(edit, another_version_or_key_is_refused)
{
	struct fl_edit_step step = {"s/a/b/", 6};
	unsigned char key[FL_REDACT_KEY_BYTES] = "0123456789abcdef",
		      other[FL_REDACT_KEY_BYTES] = "";
	struct fl_edit_options opt;
	struct fl_edit *edit;
	struct fl_error err;
	char *text;
	size_t len;

	fl_edit_options_init(&opt);
	opt.flags = FL_EDIT_REDACT_HASH;
	memcpy(opt.key, key, sizeof(key));
	opt.steps = &step;
	opt.step_count = 1;
	cr_assert(fl_edit_compile(&opt, &edit, &err) == 0);
	cr_assert(fl_edit_save(edit, &text, &len) == 0);
	cr_assert(strstr(text, "0123456789abcdef") == NULL);
	cr_assert(load_changed(text, "pcre2", "pcre2", key) == 0);
	cr_assert(load_changed(text, "pcre2 ", "pcre2 1", key) == -FL_EUNSUPPORTED);
	cr_assert(load_changed(text, "pcre2", "pcre2", other) == -FL_EUNSUPPORTED);
	cr_assert(load_changed(text, "pcre2", "pcre2", NULL) == -FL_EUNSUPPORTED);
	cr_assert(load_changed(text, "step 6", "step 7", key) == -FL_ECORRUPT);
	cr_assert(load_changed(text, "edit 1", "edit 2", key) == -FL_ECORRUPT);
	free(text);
	fl_edit_free(edit);
}

Test(edit, what_is_refused)
{
	static const char *const bad[] = {
		"",        "s",        "s/a/b",   "s/a",       "s//b/",   "s/(/b/",  "s/a/\\1/",
		"s/a/b/x", "s/a/b/gg", "s/a/b/0", "s/a/b/1g2", "y/ab/c/", "y/a/b/g", "uppercase",
		"mask=",   "delete=(", "x/a/b/",  "s/a/b\\/",  "s/a/$2/", "s/a/b/ g"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct fl_edit_step step = {bad[i], strlen(bad[i])};
		struct fl_edit_options opt;
		struct fl_edit *edit = NULL;
		struct fl_error err = {0};

		fl_edit_options_init(&opt);
		opt.steps = &step;
		opt.step_count = 1;
		cr_assert(fl_edit_compile(&opt, &edit, &err) == -EINVAL, "%s", bad[i]);
		cr_assert(err.text[0] != '\0' && !edit);
	}
}

static char *with_options(const char *step, const char *where, uint64_t off, uint64_t len,
			  const char *input)
{
	struct fl_edit_step list = {step, strlen(step)};
	struct fl_edit_options opt;
	struct fl_edit *edit;
	struct fl_error err;
	char *ret;

	fl_edit_options_init(&opt);
	opt.steps = &list;
	opt.step_count = 1;
	opt.where = where;
	opt.where_len = where ? strlen(where) : 0;
	opt.range_off = off;
	opt.range_len = len;
	cr_assert(fl_edit_compile(&opt, &edit, &err) == 0);
	ret = result(edit, input, 0);
	fl_edit_free(edit);
	return ret;
}

Test(edit, where_selects_records)
{
	static const struct {
		const char *step, *where, *want;
	} rows[] = {{"s/$/!/", "b", "a\nb!\nbc!\nd\nxb!"}, {"s/$/!/", "[ad]", "a!\nb\nbc\nd!\nxb"},
		    {"s/$/!/", "q", "a\nb\nbc\nd\nxb"},    {"delete=c", "b", "a\nb\nd\nxb"},
		    {"keep=c", "b", "a\nbc\nd\n"},         {"s/$/!/", ".", "a!\nb!\nbc!\nd!\nxb!"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *got =
			with_options(rows[i].step, rows[i].where, 0, UINT64_MAX, "a\nb\nbc\nd\nxb");

		cr_assert(strcmp(got, rows[i].want) == 0, "%s: %s", rows[i].where, got);
		free(got);
	}
}

/* The records that start in the range, wherever the view begins. */
Test(edit, range_selects_records)
{
	static const char text[] = "one\ntwo\n\nthree\nx";
	const uint64_t base = UINT64_C(5) << 32;

	for (size_t off = 0; off <= sizeof(text); off++)
		for (size_t len = 0; len <= sizeof(text); len++) {
			char want[64] = "",
			     *got = with_options("s/^/>/", NULL, base + off, len, text);
			size_t n = 0;

			for (size_t i = 0; text[i]; i++) {
				if ((i == 0 || text[i - 1] == '\n') && i >= off && i < off + len)
					want[n++] = '>';
				want[n++] = text[i];
			}
			cr_assert(strcmp(got, want) == 0, "%zu:%zu: '%s' '%s'", off, len, got,
				  want);
			free(got);
		}
}

Test(edit, full_lists_say_so)
{
	const char *steps[] = {"s/a/bbbbbbbbbbbbbbbb/g", NULL};
	struct fl_edit *edit = compile(steps, 0);
	struct fl_edit_scratch *scratch;
	static char text[200000];
	struct fl_view view = {.off = 0, .len = sizeof(text), .data = (unsigned char *)text};
	struct fl_deltas d;
	struct fl_error err;

	memset(text, 'a', sizeof(text));
	fl_deltas_init(&d, 1 << 20);
	cr_assert(fl_edit_scratch_new(edit, &scratch) == 0);
	cr_assert(fl_edit_map(edit, scratch, &view, &d, &err) == -FL_ELIMIT);
	fl_deltas_done(&d);
	fl_edit_scratch_free(scratch);
	fl_edit_free(edit);
}
