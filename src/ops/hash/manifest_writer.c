/* SPDX-License-Identifier: MIT */
#include <faultline/manifest.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "ops/hash/manifest_text.h"

/**
 * struct fl_manifest_writer
 * @sum: XXH3 of what has been written
 */
struct fl_manifest_writer {
	int (*write)(void *arg, const void *data, size_t len);
	void *arg;
	XXH3_state_t *sum;
	uint64_t files;
	uint64_t leaves;
};

static int put(struct fl_manifest_writer *w, const char *text, size_t len)
{
	XXH3_64bits_update(w->sum, text, len);
	return w->write(w->arg, text, len);
}

int fl_manifest_writer_new(uint64_t leaf_bytes,
			   int (*write)(void *arg, const void *data, size_t len), void *arg,
			   struct fl_manifest_writer **ret)
{
	struct fl_manifest_writer *w = calloc(1, sizeof(*w));
	char line[128];
	int r = -ENOMEM;

	if (!w)
		return r;
	w->write = write;
	w->arg = arg;
	w->sum = XXH3_createState();
	if (w->sum) {
		XXH3_64bits_reset(w->sum);
		snprintf(line, sizeof(line), FL_MANIFEST_HEADER "%" PRIu64 "\n", leaf_bytes);
		r = put(w, line, strlen(line));
	}
	if (r < 0) {
		fl_manifest_writer_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

/* Everything before the name. */
static char *format_head(char *line, size_t size, const struct fl_manifest_file *file)
{
	int n;

	if (file->part)
		n = snprintf(line, size, "part %" PRIu64 ":%" PRIu64 " ", file->off, file->len);
	else
		n = snprintf(line, size, "file ");
	n += snprintf(line + n, size - (size_t)n, "%" PRIu64 " %" PRId64 ".%09" PRIu32 " ",
		      file->size_bytes, file->mtime_s, file->mtime_ns);
	line += n;
	if (!file->part) {
		line = fl_manifest_hex(line, file->digest, sizeof(file->digest));
		*line++ = ' ';
	}
	return line;
}

int fl_manifest_write_file(struct fl_manifest_writer *w, const struct fl_manifest_file *file)
{
	size_t head = 192;
	char *line = malloc(head + 2 * strlen(file->name) + 1), *end;
	int r;

	if (!line)
		return -ENOMEM;
	end = fl_manifest_escape(format_head(line, head, file), file->name);
	*end++ = '\n';
	w->files++;
	r = end - line > FL_MANIFEST_LINE_MAX ? -ENAMETOOLONG : put(w, line, (size_t)(end - line));
	free(line);
	return r;
}

int fl_manifest_write_leaf(struct fl_manifest_writer *w, const struct fl_leaf *leaf)
{
	char line[64 + 2 * FL_LEAF_DIGEST_BYTES], *end = line;

	end += snprintf(line, sizeof(line), "leaf %" PRIu64 " ", leaf->off);
	end = fl_manifest_hex(end, leaf->digest, sizeof(leaf->digest));
	*end++ = '\n';
	w->leaves++;
	return put(w, line, (size_t)(end - line));
}

int fl_manifest_write_end(struct fl_manifest_writer *w)
{
	char line[128], *end = line;
	XXH64_canonical_t sum;

	XXH64_canonicalFromHash(&sum, XXH3_64bits_digest(w->sum));
	end += snprintf(line, sizeof(line), "end %" PRIu64 " %" PRIu64 " ", w->files, w->leaves);
	end = fl_manifest_hex(end, sum.digest, sizeof(sum.digest));
	*end++ = '\n';
	return w->write(w->arg, line, (size_t)(end - line));
}

void fl_manifest_writer_free(struct fl_manifest_writer *w)
{
	if (!w)
		return;
	XXH3_freeState(w->sum);
	free(w);
}
