/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "base/error.h"

Test(error, own_codes_have_texts_of_their_own)
{
	int a, b;

	for (a = FL_ETRUNCATED; a <= FL_EUNFINISHED; a++) {
		cr_assert(strncmp(fl_strerror(a), "Unknown", 7) != 0, "code %d", a);
		for (b = FL_ETRUNCATED; b < a; b++)
			cr_assert_str_neq(fl_strerror(a), fl_strerror(b));
	}
}

Test(error, sign_does_not_matter)
{
	cr_assert_str_eq(fl_strerror(ENOENT), "No such file or directory");
	cr_assert_str_eq(fl_strerror(-ENOENT), "No such file or directory");
	cr_assert_str_eq(fl_strerror(-FL_ECANCELED), fl_strerror(FL_ECANCELED));
}

Test(error, set_fills_everything_and_returns_the_code)
{
	struct fl_error e;

	memset(&e, 0x55, sizeof(e));
	cr_assert_eq(fl_error_set(&e, -EIO, 4096, "page %d of %s", 7, "x"), -EIO);
	cr_assert_eq(e.code, -EIO);
	cr_assert_eq(e.off, 4096u);
	cr_assert_str_eq(e.text, "page 7 of x");
}

Test(error, without_a_text_it_is_the_codes)
{
	struct fl_error e;

	cr_assert_eq(fl_error_set(&e, -FL_ETRUNCATED, FL_OFF_NONE, NULL), -FL_ETRUNCATED);
	cr_assert_str_eq(e.text, fl_strerror(-FL_ETRUNCATED));
	cr_assert_eq(e.off, FL_OFF_NONE);
}

Test(error, nobody_need_ask_for_detail)
{
	cr_assert_eq(fl_error_set(NULL, -ENOMEM, 0, "%s", "unseen"), -ENOMEM);
}

Test(error, long_texts_are_cut)
{
	char text[1000];
	struct fl_error e;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fl_error_set(&e, -EIO, 0, "%s", text);
	cr_assert_eq(strlen(e.text), sizeof(e.text) - 1);
}
