/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ops/transform/edit_list.h"

#define PROGRAMS_MAX 3

/** struct example - programs one behind the other, and what they make of a text */
struct example {
	const char *programs[PROGRAMS_MAX + 1];
	const char *input;
	const char *want;
};

static const struct example examples[] = {
	{{"s/a/b/"}, "aa\nca\n", "ba\ncb\n"},
	{{"s/a/b/g", "s/b/cc/", "s/c//"}, "aa\nx\nb", "cb\nx\nc"},
	/* Within one program the second step would see one record. */
	{{"s/,/\\n/", "delete=^b"}, "a,b\nc\n", "a\nc\n"},
	{{"s/,/\\n/", "s/^/> /"}, "a,b\nc", "> a\n> b\n> c"},
	{{"keep=a", "s/a/bb/g", "keep=b"}, "a\nb\na", "bb\nbb"},
	{{"delete=a", "s/x/y/"}, "a\na", ""},
	{{"s/nothing/x/", "y/ab/ba/", "y/ab/ba/"}, "ab\n", "ab\n"},
};

#define EXAMPLES (sizeof(examples) / sizeof(*examples))

static struct fl_edit_list *make(const char *const *programs, const struct fl_edit **ret_edits,
				 size_t *ret_count)
{
	struct fl_edit_list *list;
	size_t n = 0;

	for (; programs[n]; n++) {
		struct fl_edit_step step = {programs[n], strlen(programs[n])};
		struct fl_edit_options opt;
		struct fl_edit *edit;

		fl_edit_options_init(&opt);
		opt.steps = &step;
		opt.step_count = 1;
		cr_assert_eq(fl_edit_compile(&opt, &edit, NULL), 0, "%s", programs[n]);
		ret_edits[n] = edit;
	}
	cr_assert_eq(fl_edit_list_new(ret_edits, n, &list), 0);
	*ret_count = n;
	return list;
}

static void discard(struct fl_edit_list *list, const struct fl_edit *const *edits, size_t count)
{
	fl_edit_list_free(list);
	for (size_t i = 0; i < count; i++)
		fl_edit_free((struct fl_edit *)(uintptr_t)edits[i]);
}

static void check(const struct fl_edit_list *list, const struct example *ex)
{
	const unsigned char *text = (const unsigned char *)ex->input;
	struct fl_view view = {.off = 4096, .len = strlen(ex->input), .data = text};
	struct fl_edit_list_scratch *scratch;
	const struct fl_deltas *deltas;
	unsigned char got[256];
	size_t len;

	cr_assert_eq(fl_edit_list_scratch_new(list, &scratch), 0);
	/* The second time with what the first one left. */
	for (int again = 0; again < 2; again++) {
		cr_assert_eq(fl_edit_list_map(list, scratch, &view, SIZE_MAX, &deltas, NULL), 0);
		len = (size_t)((int64_t)view.len + fl_deltas_growth(deltas));
		fl_deltas_apply(deltas, view.off, text, view.len, got);
		cr_assert(len == strlen(ex->want) && memcmp(got, ex->want, len) == 0,
			  "%s ...: '%.*s', not '%s'", ex->programs[0], (int)len, (const char *)got,
			  ex->want);
	}
	fl_edit_list_scratch_free(scratch);
}

Test(edit_list, programs_see_the_records_of_those_before)
{
	const struct fl_edit *edits[PROGRAMS_MAX];
	size_t count;

	for (size_t i = 0; i < EXAMPLES; i++) {
		struct fl_edit_list *list = make(examples[i].programs, edits, &count);

		check(list, &examples[i]);
		discard(list, edits, count);
	}
}

Test(edit_list, what_was_saved_is_the_same_again)
{
	const struct fl_edit *edits[PROGRAMS_MAX];
	struct fl_edit_list *again;
	size_t count, len;
	char *text;

	for (size_t i = 0; i < EXAMPLES; i++) {
		struct fl_edit_list *list = make(examples[i].programs, edits, &count);

		cr_assert_eq(fl_edit_list_save(list, &text, &len), 0);
		cr_assert_eq(fl_edit_list_load(text, len, NULL, &again, NULL), 0);
		cr_assert_eq(fl_edit_list_preserves_length(again),
			     fl_edit_list_preserves_length(list));
		check(again, &examples[i]);
		fl_edit_list_free(again);
		/* Nothing that is shorter is a list, or asks for memory as if it were. */
		for (size_t cut = 0; cut < len; cut++)
			cr_assert_eq(fl_edit_list_load(text, cut, NULL, &again, NULL), -FL_ECORRUPT,
				     "%zu of %zu bytes", cut, len);
		free(text);
		discard(list, edits, count);
	}
}

Test(edit_list, lengths_are_kept_where_all_programs_keep_them)
{
	const char *const same[] = {"y/a/b/", "mask=c", NULL}, *const other[] = {"y/a/b/", "s/b//",
										 NULL};
	const struct fl_edit *edits[PROGRAMS_MAX];
	struct fl_edit_list *list;
	size_t count;

	list = make(same, edits, &count);
	cr_assert(fl_edit_list_preserves_length(list));
	cr_assert_eq(fl_edit_list_delimiter(list), '\n');
	discard(list, edits, count);
	list = make(other, edits, &count);
	cr_assert(!fl_edit_list_preserves_length(list));
	discard(list, edits, count);
}

/* Programs have names so that errors of several that are run as one can be told apart. */
Test(edit_list, an_error_says_whose_it_is)
{
	static const char *const texts[] = {"s/x/y/", "s/(?=a)((a+)+)+[bc]$/z/"};
	struct fl_edit_list_scratch *scratch;
	const struct fl_edit *edits[2];
	struct fl_edit_list *list;
	const struct fl_deltas *deltas;
	unsigned char text[2001];
	struct fl_view view = {.off = 4096, .len = sizeof(text), .data = text};
	struct fl_error err = {0};

	for (size_t i = 0; i < 2; i++) {
		struct fl_edit_step step = {texts[i], strlen(texts[i])};
		struct fl_edit_options opt;
		struct fl_edit *edit;

		fl_edit_options_init(&opt);
		opt.steps = &step;
		opt.step_count = 1;
		opt.label = i == 0 ? "the first" : "the second";
		cr_assert_eq(fl_edit_compile(&opt, &edit, NULL), 0);
		edits[i] = edit;
	}
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	cr_assert_eq(fl_edit_list_new(edits, 2, &list), 0);
	cr_assert_eq(fl_edit_list_scratch_new(list, &scratch), 0);
	cr_assert(fl_edit_list_map(list, scratch, &view, SIZE_MAX, &deltas, &err) < 0);
	cr_assert_eq(err.off, 4096);
	cr_assert_eq(strncmp(err.text, "the second: ", 12), 0, "%s", err.text);
	cr_assert(fl_edit_list_map(list, scratch, &view, SIZE_MAX, &deltas, NULL) < 0);
	fl_edit_list_scratch_free(scratch);
	discard(list, edits, 2);
}
