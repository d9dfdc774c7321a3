/* SPDX-License-Identifier: MIT */
#include "base/library.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct table {
	double (*cosine)(double x);
	double (*root)(double x);
};

static const struct fl_symbol both[] = {
	{"cos", offsetof(struct table, cosine)},
	{"sqrt", offsetof(struct table, root)},
};

static const struct fl_symbol one_missing[] = {
	{"cos", offsetof(struct table, cosine)},
	{"no_such_function", offsetof(struct table, root)},
};

Test(library, finds_functions)
{
	struct fl_error error = {0};
	struct table table = {0};

	cr_assert_eq(
		fl_library_load("libm.so.6", "The C library", both, COUNT(both), &table, &error), 0,
		"%s", error.text);
	cr_assert_eq(table.cosine(0), 1);
	cr_assert_eq(table.root(9), 3);
}

Test(library, missing_function_leaves_table)
{
	struct fl_error error = {0};
	struct table table = {0};

	cr_assert_eq(fl_library_load("libm.so.6", "The C library", one_missing, COUNT(one_missing),
				     &table, &error),
		     -FL_EUNSUPPORTED);
	cr_assert_str_eq(error.text, "libm.so.6 has no no_such_function");
	cr_assert_null(table.cosine);
}

Test(library, missing_library)
{
	struct fl_error error = {0};
	struct table table = {0};
	const char *begin = "Nothing cannot be loaded: libno-such-thing.so.1";

	cr_assert_eq(fl_library_load("libno-such-thing.so.1", "Nothing", both, COUNT(both), &table,
				     &error),
		     -FL_EUNSUPPORTED);
	cr_assert_eq(strncmp(error.text, begin, strlen(begin)), 0, "%s", error.text);
	cr_assert_null(table.cosine);
}
