/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/json_doc.h"
#include "cli/outbuf.h"

static json_t *file_named(const char *name)
{
	json_t *doc = json_doc_new("faultline-test/1"), *files, *file;

	cr_assert_str_eq(json_string_value(json_object_get(doc, "schema")), "faultline-test/1");
	json_doc_add_file(doc, "first");
	json_doc_set(json_doc_add_file(doc, name), "more", json_integer(7));
	files = json_object_get(doc, "files");
	cr_assert_eq(json_array_size(files), 2);
	file = json_incref(json_array_get(files, 1));
	cr_assert_eq(json_integer_value(json_object_get(file, "more")), 7);
	json_decref(doc);
	return file;
}

static void name_becomes(const char *name, const char *text, const char *hex)
{
	json_t *file = file_named(name);
	const char *got = json_string_value(json_object_get(file, "name_hex"));

	cr_assert_str_eq(json_string_value(json_object_get(file, "name")), text);
	if (hex)
		cr_assert_str_eq(got, hex);
	else
		cr_assert_null(got);
	json_decref(file);
}

Test(json_doc, names)
{
	name_becomes("", "", NULL);
	name_becomes("a\n\"\\\x7f", "a\n\"\\\x7f", NULL);
	name_becomes("\xc3\xa9\xf0\x9f\x98\x80", "\xc3\xa9\xf0\x9f\x98\x80", NULL);
	name_becomes("a\xff", "a\xEF\xBF\xBD", "61ff");
	name_becomes("\xc3\xa9\xc3", "\xc3\xa9\xEF\xBF\xBD", "c3a9c3");
	/* Two bytes of a character of four, a surrogate, an overlong slash */
	name_becomes("\xf0\x9fz", "\xEF\xBF\xBD\xEF\xBF\xBDz", "f09f7a");
	name_becomes("\xed\xa0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", "eda080");
	name_becomes("\xc0\xaf", "\xEF\xBF\xBD\xEF\xBF\xBD", "c0af");
}

Test(json_doc, one_line_with_all_numbers)
{
	struct run_stats stats = {.sum = {.bytes = UINT64_C(5000000000),
					  .ns = 2500000000,
					  .io_used = FL_IO_READ,
					  .io_reason = "why",
					  .threads = 3},
				  .files = 2};
	json_t *doc = json_doc_new("faultline-test/1"), *back, *object;
	char path[] = "/tmp/fl-json-XXXXXX", text[4096];
	int fd = mkstemp(path);
	ssize_t n;

	unlink(path);
	dup2(fd, STDOUT_FILENO);
	json_doc_add_stats(doc, &stats);
	json_doc_add_file(doc, "a\nb");
	json_doc_print(doc);
	cr_assert_eq(outbuf_flush(), 0);
	n = pread(fd, text, sizeof(text) - 1, 0);
	cr_assert(n > 0);
	text[n] = '\0';
	cr_assert_eq(strchr(text, '\n'), text + n - 1);
	back = json_loads(text, 0, NULL);
	cr_assert_not_null(back);
	object = json_object_get(back, "stats");
	cr_assert_eq(json_integer_value(json_object_get(object, "bytes")), 5000000000);
	cr_assert_eq(json_integer_value(json_object_get(object, "files")), 2);
	cr_assert_eq(json_integer_value(json_object_get(object, "threads")), 3);
	cr_assert(json_real_value(json_object_get(object, "seconds")) == 2.5);
	cr_assert(json_real_value(json_object_get(object, "gb_per_second")) == 2.0);
	cr_assert_str_eq(json_string_value(json_object_get(object, "loader")), "read");
	cr_assert_str_eq(json_string_value(json_object_get(object, "loader_reason")), "why");
	cr_assert_str_eq(json_string_value(json_object_get(object, "kernels")), "");
	json_decref(back);
}
