/* SPDX-License-Identifier: MIT */
#include "cli/json_doc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

static void check(int ok)
{
	if (ok)
		return;
	message_error("%s", strerror(ENOMEM));
	exit(EXIT_TROUBLE);
}

void json_doc_set(json_t *object, const char *key, json_t *value)
{
	check(json_object_set_new(object, key, value) == 0);
}

json_t *json_doc_new(const char *schema)
{
	json_t *doc = json_object();

	check(doc != NULL);
	json_doc_set(doc, "schema", json_string(schema));
	json_doc_set(doc, "files", json_array());
	return doc;
}

/* Length of the UTF-8 character at text, or 0 (RFC 3629, section 4). */
static size_t character(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;

	/* No overlong forms, no surrogates, nothing above U+10FFFF */
	if (p[0] > 0xF4 || (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
	    (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return len;
}

static int is_utf8(const char *text)
{
	while (*text != '\0') {
		size_t n = character(text);

		if (n == 0)
			return 0;
		text += n;
	}
	return 1;
}

static json_t *replaced(const char *name)
{
	char *text = malloc(3 * strlen(name) + 1);
	char *end = text;
	json_t *value;

	check(text != NULL);
	while (*name != '\0') {
		size_t n = character(name);

		memcpy(end, n > 0 ? name : "\xEF\xBF\xBD", n > 0 ? n : 3);
		end += n > 0 ? n : 3;
		name += n > 0 ? n : 1;
	}
	value = json_stringn(text, (size_t)(end - text));
	free(text);
	return value;
}

static json_t *hexadecimal(const char *name)
{
	size_t len = strlen(name);
	char *text = malloc(2 * len + 1);
	json_t *value;

	check(text != NULL);
	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", (unsigned char)name[i]);
	value = json_stringn(text, 2 * len);
	free(text);
	return value;
}

json_t *json_doc_add_file(json_t *doc, const char *name)
{
	json_t *file = json_object();
	int utf8 = is_utf8(name);

	check(file != NULL);
	json_doc_set(file, "name", utf8 ? json_string(name) : replaced(name));
	if (!utf8)
		json_doc_set(file, "name_hex", hexadecimal(name));
	check(json_array_append_new(json_object_get(doc, "files"), file) == 0);
	return file;
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
	json_doc_set(object, key, json_integer((json_int_t)value));
}

void json_doc_add_stats(json_t *doc, const struct run_stats *stats)
{
	const struct fl_stats *sum = &stats->sum;
	const char *loader = fl_io_name(sum->io_used);
	json_t *object = json_object();

	json_doc_set(doc, "stats", object);
	set_number(object, "files", stats->files);
	set_number(object, "bytes", sum->bytes);
	json_doc_set(object, "seconds", json_real((double)sum->ns / 1e9));
	json_doc_set(object, "gb_per_second", json_real(run_stats_rate(stats)));
	json_doc_set(object, "loader", json_string(loader != NULL ? loader : ""));
	json_doc_set(object, "loader_reason", json_string(sum->io_reason));
	json_doc_set(object, "kernels", json_string(sum->kernels != NULL ? sum->kernels : ""));
	set_number(object, "windows", sum->windows);
	set_number(object, "minor_faults", sum->minor_faults);
	set_number(object, "major_faults", sum->major_faults);
	set_number(object, "copied_bytes", sum->copied_bytes);
	set_number(object, "peak_rss_anon_bytes", sum->peak_rss_anon_bytes);
	set_number(object, "peak_rss_file_bytes", sum->peak_rss_file_bytes);
	set_number(object, "threads", sum->threads);
	set_number(object, "loading_threads", sum->loader_threads);
	set_number(object, "window_bytes", sum->window_bytes);
	set_number(object, "chunk_bytes", sum->chunk_bytes);
}

static int print_piece(const char *text, size_t len, void *arg)
{
	(void)arg;
	return outbuf_write(text, len) < 0 ? -1 : 0;
}

void json_doc_print(json_t *doc)
{
	/* Straight out: jansson 2.14's json_dumps() goes on after it got no memory for a key. What
	 * could not be written is outbuf's to tell. */
	check(json_dump_callback(doc, print_piece, NULL, JSON_COMPACT) == 0 || outbuf_error() != 0);
	outbuf_write("\n", 1);
	json_decref(doc);
}
