/* SPDX-License-Identifier: MIT */
#include "cli/part_head.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <faultline/hash.h>
#include <faultline/info.h>
#include <faultline/manifest.h>
#include <faultline/shard.h>

#include "cli/hash_line.h"
#include "cli/json_doc.h"
#include "cli/message.h"

#define SCHEMA "faultline-part/1"

char *part_data_path(const char *path)
{
	char *ret = NULL;

	if (asprintf(&ret, "%s" PART_DATA_SUFFIX, path) < 0)
		message_usage("%s", strerror(ENOMEM));
	return ret;
}

/* ---- writing */

static json_t *word_new(const char *word)
{
	json_t *text = json_string(word), *object;
	size_t len = strlen(word);
	char *hex;

	if (text != NULL)
		return text;
	hex = calloc(2, len + 1);
	for (size_t i = 0; hex != NULL && i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)word[i]);
	object = json_object();
	json_doc_set(object, "hex", json_string(hex != NULL ? hex : ""));
	free(hex);
	return object;
}

static int add_leaf(json_t *file, const char *key, struct fl_source *src,
		    const struct fl_options *opt, struct fl_error *err)
{
	unsigned char digest[FL_HASH_DIGEST_MAX];
	char hex[2 * FL_HASH_DIGEST_MAX + 1];
	struct fl_pipeline *pl = NULL;
	struct fl_hash *hash = NULL;
	int rc = fl_pipeline_new(opt, &pl, err);

	if (rc == 0)
		rc = fl_hash_new(FL_HASH_XXH128, 0, &hash);
	if (rc == 0)
		rc = fl_pipeline_add(pl, fl_hash_operator(hash), hash);
	if (rc == 0)
		rc = fl_pipeline_run(pl, src, err);
	if (rc == 0) {
		hash_hex(digest, fl_hash_digest(hash, digest), hex);
		json_doc_set(file, key, json_string(hex));
	}
	fl_pipeline_free(pl);
	fl_hash_free(hash);
	return rc;
}

static int add_leaves(json_t *file, const char *name, uint64_t size)
{
	struct fl_source *src = NULL;
	struct fl_options opt;
	struct fl_error err = {.code = -ENOMEM, .off = FL_OFF_NONE};
	int rc = fl_source_open(name, &src, &err);

	fl_options_init(&opt);
	opt.threads = 1;
	opt.range_len = FL_LEAF_BYTES_DEFAULT;
	if (rc == 0)
		rc = add_leaf(file, "first_leaf", src, &opt, &err);
	opt.range_off = size > 0 ? (size - 1) / FL_LEAF_BYTES_DEFAULT * FL_LEAF_BYTES_DEFAULT : 0;
	if (rc == 0)
		rc = add_leaf(file, "last_leaf", src, &opt, &err);
	if (rc < 0)
		message_file(name, &err);
	fl_source_close(src);
	return rc;
}

static json_t *file_new(const char *name)
{
	json_t *file = json_object();
	struct stat st;
	char mtime[64];

	if (stat(name, &st) < 0) {
		message_error("%s: %s", name, strerror(errno));
		json_decref(file);
		return NULL;
	}
	snprintf(mtime, sizeof(mtime), "%lld.%09ld", (long long)st.st_mtim.tv_sec,
		 st.st_mtim.tv_nsec);
	json_doc_set(file, "name", word_new(name));
	json_doc_set(file, "size", json_integer((json_int_t)st.st_size));
	json_doc_set(file, "mtime", json_string(mtime));
	if (add_leaves(file, name, (uint64_t)st.st_size) == 0)
		return file;
	json_decref(file);
	return NULL;
}

json_t *part_head_new(const struct run_line *line, const char *name)
{
	const struct fl_options *run = &line->common.run;
	json_t *head, *words = json_array(), *file = file_new(name);
	int is_long = run->range_len == FL_SIZE_UNKNOWN;

	if (file == NULL) {
		json_decref(words);
		return NULL;
	}
	head = json_object();
	json_doc_set(head, "schema", json_string(SCHEMA));
	json_doc_set(head, "faultline", json_string(fl_version()));
	json_doc_set(head, "part", json_integer(line->part));
	json_doc_set(head, "parts", json_integer(line->parts));
	json_doc_set(head, "file", file);
	json_doc_set(head, "range",
		     json_pack("[I, o]", (json_int_t)run->range_off,
			       is_long ? json_null() : json_integer((json_int_t)run->range_len)));
	json_doc_set(head, "locale", json_string(setlocale(LC_CTYPE, NULL)));
	json_doc_set(head, "null_data", json_boolean(run->delimiter == '\0'));
	for (int i = 0; i < line->word_count; i++)
		json_array_append_new(words, word_new(line->words[i]));
	json_doc_set(head, "command", words);
	return head;
}

/* ---- reading */

static int complain(const struct part_head *head, const char *text)
{
	message_error("%s: %s", head->path, text);
	return -1;
}

/* Return: malloc'ed; NULL for what is no word. */
static char *word_read(const json_t *word)
{
	const char *hex = json_string_value(json_object_get(word, "hex"));
	size_t len = hex != NULL ? strlen(hex) / 2 : 0;
	char *ret;

	if (json_is_string(word))
		return strdup(json_string_value(word));
	ret = hex != NULL ? calloc(1, len + 1) : NULL;
	for (size_t i = 0; ret != NULL && i < len; i++) {
		unsigned byte = 0;

		if (sscanf(hex + 2 * i, "%2x", &byte) == 1)
			ret[i] = (char)byte;
	}
	return ret;
}

static int read_command(struct part_head *head)
{
	const json_t *list = json_object_get(head->doc, "command");
	size_t n = json_array_size(list);

	head->words = calloc(n + 1, sizeof(*head->words));
	for (size_t i = 0; head->words != NULL && i < n; i++) {
		head->words[i] = word_read(json_array_get(list, i));
		if (head->words[i] == NULL)
			return -1;
		head->word_count = (int)i + 1;
	}
	return head->words != NULL && n > 0 ? 0 : -1;
}

static int read_fields(struct part_head *head)
{
	const json_t *file = json_object_get(head->doc, "file");
	json_int_t part = 0, parts = 0, size = -1, off = -1, bytes = -1;
	const json_t *len = json_array_get(json_object_get(head->doc, "range"), 1);

	if (json_unpack(head->doc, "{s:I, s:I, s:{s:I}, s:[I], s:b, s:I}", "part", &part, "parts",
			&parts, "file", "size", &size, "range", &off, "null_data", &head->null_data,
			"data_bytes", &bytes) < 0)
		return -1;
	if (part < 1 || part > parts || parts > FL_SHARDS_MAX || size < 0 || off < 0 || bytes < 0)
		return -1;
	head->index = (unsigned)part - 1;
	head->count = (unsigned)parts;
	head->size_bytes = (uint64_t)size;
	head->data_bytes = (uint64_t)bytes;
	head->range_off = (uint64_t)off;
	head->range_len =
		json_is_integer(len) ? (uint64_t)json_integer_value(len) : FL_SIZE_UNKNOWN;
	head->name = word_read(json_object_get(file, "name"));
	return head->name != NULL ? read_command(head) : -1;
}

int part_head_read(struct part_head *head, const char *path)
{
	const char *schema, *version;
	FILE *f = fopen(path, "re");
	json_error_t err;

	*head = (struct part_head){.path = path};
	if (f == NULL)
		return complain(head, strerror(errno));
	head->doc = json_loadf(f, JSON_REJECT_DUPLICATES, &err);
	fclose(f);
	schema = json_string_value(json_object_get(head->doc, "schema"));
	version = json_string_value(json_object_get(head->doc, "faultline"));
	if (schema == NULL || strncmp(schema, "faultline-part/", 15) != 0)
		return complain(head, "is not a part that 'faultline run --part' wrote");
	if (strcmp(schema, SCHEMA) != 0 || version == NULL || strcmp(version, fl_version()) != 0)
		return complain(head, "was written by another version of faultline");
	return read_fields(head) < 0 ? complain(head, "is damaged") : 0;
}

void part_head_done(struct part_head *head)
{
	for (int i = 0; i < head->word_count; i++)
		free(head->words[i]);
	free(head->words);
	free(head->name);
	json_decref(head->doc);
}
