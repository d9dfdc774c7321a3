/* SPDX-License-Identifier: MIT */
/*
 * Lines of digests, as `hash -c` reads them, and manifests: what is accepted as a manifest is written
 * again as it was. The first byte says which.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/manifest.h>

#include "cli/check_line.h"

#include "../support/naive.h"
#include "fuzz_target.h"

/* Less than a line: lines are put together. */
#define READ_BYTES 7

struct input {
	const uint8_t *p;
	size_t len;
};

static int64_t give(void *arg, void *buf, size_t n)
{
	struct input *in = arg;

	n = n < READ_BYTES ? n : READ_BYTES;
	n = n < in->len ? n : in->len;
	if (n > 0)
		memcpy(buf, in->p, n);
	in->p += n;
	in->len -= n;
	return (int64_t)n;
}

static int keep(void *arg, const void *data, size_t len)
{
	naive_text_add(arg, data, len);
	return 0;
}

static void done(int r)
{
	if (r < 0)
		abort();
}

static void read_manifest(const uint8_t *data, size_t len)
{
	struct naive_text out = {0};
	struct input in = {data, len};
	struct fl_manifest_entry entry = {.size = sizeof(entry)};
	struct fl_manifest_reader *r;
	struct fl_manifest_writer *w = NULL;
	struct fl_error err;
	int kind;

	if (fl_manifest_reader_new(give, &in, &r, &err) < 0)
		return;
	done(fl_manifest_writer_new(fl_manifest_reader_leaf_bytes(r), keep, &out, &w));
	while ((kind = fl_manifest_read(r, &entry, &err)) > FL_MANIFEST_END)
		done(kind == FL_MANIFEST_FILE ? fl_manifest_write_file(w, &entry.file)
					      : fl_manifest_write_leaf(w, &entry.leaf));
	if (kind == FL_MANIFEST_END) {
		done(fl_manifest_write_end(w));
		if (out.len != len || memcmp(out.data, data, len) != 0) {
			fprintf(stderr, "accepted, but not as it is written:\n%.*s", (int)out.len,
				out.data);
			abort();
		}
	}
	fl_manifest_reader_free(r);
	fl_manifest_writer_free(w);
	free(out.data);
}

static void read_line(const uint8_t *data, size_t len)
{
	struct check_line line;
	char *copy = malloc(len + 1);

	if (!copy)
		abort();
	if (len > 0)
		memcpy(copy, data, len);
	if (check_line_parse(copy, len, &line) > 0 &&
	    (line.name < copy || line.name + strlen(line.name) > copy + len ||
	     line.len > sizeof(line.digest)))
		abort();
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		read_line(data + 1, size - 1);
	else
		read_manifest(data + 1, size - 1);
	return 0;
}
