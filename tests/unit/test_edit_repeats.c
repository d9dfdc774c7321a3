/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ops/transform/edit_repeats.h"
#include "ops/transform/repeats.h"

static const unsigned char key[FL_RECORD_KEY_BYTES] = "0123456789abcdef0123456789abcde";

static struct fl_view view_of(const char *text)
{
	return (struct fl_view){
		.off = 500, .data = (const unsigned char *)text, .len = strlen(text)};
}

/* What is left of @text after @edit, @repeats behind it. */
static char *left_of(const struct fl_view *view, const struct fl_deltas *edit,
		     const struct fl_deltas *repeats)
{
	size_t len = (size_t)((int64_t)view->len + fl_deltas_growth(edit));
	unsigned char *middle = malloc(len + 1);
	char *ret = calloc(1, len + 1);

	fl_deltas_apply(edit, view->off, view->data, view->len, middle);
	fl_deltas_apply(repeats, view->off, middle, len, (unsigned char *)ret);
	free(middle);
	return ret;
}

/* @edit: replace each 'x' by @x, or NULL. */
static void expect(const char *text, const char *x, const char *want)
{
	struct fl_view view = view_of(text);
	struct fl_record_ends ends = {0};
	struct fl_deltas edit, repeats;
	char *got;

	fl_deltas_init(&edit, SIZE_MAX);
	fl_deltas_init(&repeats, SIZE_MAX);
	for (size_t i = 0; x && i < view.len; i++)
		if (text[i] == 'x')
			fl_deltas_add(&edit,
				      &(struct fl_delta){.off = view.off + i,
							 .old_len = 1,
							 .new_len = strlen(x),
							 .new_bytes = (const unsigned char *)x});
	cr_assert_eq(fl_edit_repeats(&view, &edit, '\n', key, &ends, &repeats), 0);
	got = left_of(&view, &edit, &repeats);
	cr_assert_str_eq(got, want);
	free(got);
	fl_deltas_done(&edit);
	fl_deltas_done(&repeats);
}

Test(edit_repeats, within_a_piece)
{
	expect("", NULL, "");
	expect("a", NULL, "a");
	expect("a\na", NULL, "a\n");
	expect("a\na\nb\na\n", NULL, "a\nb\na\n");
	expect("\n\n\na\n\n", NULL, "\na\n\n");
	expect("a\nab\nab\na\n", NULL, "a\nab\na\n");
}

/* The records of what the piece becomes count. */
Test(edit_repeats, of_what_was_edited)
{
	expect("ax\na\nxa\n", "", "a\n");
	expect("axa\nb\n", "\n", "a\nb\n");
	expect("axaxa\na", "\n", "a\n");
	expect("xxa\nxax\n", "x", "xxa\nxax\n");
	expect("ax\nayy\n", "yy", "ayy\n");
	expect("xx", "", "");
}

/* Seen from piece to piece of a view, and from view to view by tags. */
Test(edit_repeats, first_and_last)
{
	struct fl_view one = view_of("a\nbb\n"), two = view_of("bb\nc"),
		       all = view_of("a\nbb\nbb\nc\n");
	struct fl_record_ends pieces = {0}, whole = {0};
	struct fl_deltas none, repeats;

	fl_deltas_init(&none, SIZE_MAX);
	fl_deltas_init(&repeats, SIZE_MAX);
	cr_assert_eq(fl_edit_repeats(&one, &none, '\n', key, &pieces, &repeats), 0);
	cr_assert(repeats.count == 0 && pieces.first_len == 2);
	cr_assert_eq(fl_edit_repeats(&two, &none, '\n', key, &pieces, &repeats), 0);
	cr_assert(repeats.count == 1 && repeats.list[0].off == 500 && repeats.list[0].old_len == 3);
	cr_assert(pieces.first_len == 2);
	fl_deltas_reset(&repeats);
	cr_assert_eq(fl_edit_repeats(&all, &none, '\n', key, &whole, &repeats), 0);
	cr_assert(fl_record_tags_equal(&pieces.first, &whole.first));
	cr_assert(fl_record_tags_equal(&pieces.last, &whole.last));
	cr_assert(!fl_record_tags_equal(&whole.first, &whole.last));
	fl_deltas_done(&repeats);
}

/* Longer than is compared: never a repeat, here or at a seam. */
Test(edit_repeats, too_long)
{
	size_t len = FL_REPEATS_RECORD_MAX + 2;
	unsigned char *text = malloc(2 * len);
	struct fl_view view = {.off = 0, .data = text, .len = 2 * len};
	struct fl_record_ends ends = {0};
	struct fl_deltas none, repeats;

	fl_deltas_init(&none, SIZE_MAX);
	fl_deltas_init(&repeats, SIZE_MAX);
	memset(text, 'z', 2 * len);
	text[len - 1] = text[2 * len - 1] = '\n';
	cr_assert_eq(fl_edit_repeats(&view, &none, '\n', key, &ends, &repeats), 0);
	cr_assert(repeats.count == 0 && ends.first_len == len);
	cr_assert(!fl_record_tags_equal(&ends.first, &ends.last));
	fl_deltas_done(&repeats);
	free(text);
}

/* Nothing is taken for done that is not. */
Test(edit_repeats, where_the_list_is_full)
{
	enum {
		lines = 20000
	};
	char *text = malloc(6 * lines + 1);
	struct fl_record_ends ends = {0};
	struct fl_deltas none, repeats;
	struct fl_view view;

	for (int i = 0; i < lines; i++)
		memcpy(text + 6 * i, i % 2 ? "a\na\nb\n" : "c\nc\nd\n", 6);
	text[6 * lines] = '\0';
	view = view_of(text);
	fl_deltas_init(&none, SIZE_MAX);
	fl_deltas_init(&repeats, 64 << 10);
	cr_assert_eq(fl_edit_repeats(&view, &none, '\n', key, &ends, &repeats), -FL_ELIMIT);
	cr_assert(repeats.is_full && ends.first_len == 0);
	fl_deltas_done(&repeats);
	free(text);
}

Test(edit_repeats, keys_differ)
{
	unsigned char a[FL_RECORD_KEY_BYTES], b[FL_RECORD_KEY_BYTES];

	cr_assert_eq(fl_record_key(a), 0);
	cr_assert_eq(fl_record_key(b), 0);
	cr_assert(memcmp(a, b, sizeof(a)) != 0);
}
