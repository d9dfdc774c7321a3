/* SPDX-License-Identifier: MIT */
#include <faultline/manifest.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/hash/manifest_text.h"

#define BUFFER_BYTES (4 * FL_MANIFEST_LINE_MAX)

/**
 * struct fl_manifest_reader
 * @begin, @end:  what of the buffer has not been taken
 * @line_off:     where the last line stands
 * @file:         whose leaves come; @next_off: of the next one, the last ends at @last_off
 * @sum, @files, @leaves: of the lines so far
 */
struct fl_manifest_reader {
	int64_t (*read)(void *arg, void *buf, size_t n);
	void *arg;
	uint64_t leaf_bytes;
	uint64_t line_off;
	uint64_t next_line_off;
	size_t begin;
	size_t end;
	int ended;
	struct fl_manifest_file file;
	uint64_t next_off;
	uint64_t last_off;
	XXH3_state_t *sum;
	uint64_t files;
	uint64_t leaves;
	char name[FL_MANIFEST_LINE_MAX + 1];
	char buffer[BUFFER_BYTES];
};

static int corrupt(const struct fl_manifest_reader *r, struct fl_error *reterr, const char *text)
{
	return fl_error_set(reterr, -FL_ECORRUPT, r->line_off, "%s", text);
}

static int fill(struct fl_manifest_reader *r, struct fl_error *reterr)
{
	int64_t n;

	memmove(r->buffer, r->buffer + r->begin, r->end - r->begin);
	r->end -= r->begin;
	r->begin = 0;
	n = r->read(r->arg, r->buffer + r->end, sizeof(r->buffer) - r->end);
	if (n < 0)
		return fl_error_set(reterr, (int)n, FL_OFF_NONE, NULL);
	r->ended = n == 0;
	r->end += (size_t)n;
	return 0;
}

/* The next line without its newline, which every line has. */
static int next_line(struct fl_manifest_reader *r, struct fl_cursor *ret, struct fl_error *reterr)
{
	char *newline;
	int e;

	r->line_off = r->next_line_off;
	for (;;) {
		newline = memchr(r->buffer + r->begin, '\n', r->end - r->begin);
		if (newline)
			break;
		if (r->ended || r->end - r->begin > FL_MANIFEST_LINE_MAX)
			return corrupt(r, reterr,
				       r->ended && r->line_off > 0 ? "the manifest ends too early"
								   : "not a manifest");
		e = fill(r, reterr);
		if (e < 0)
			return e;
	}
	*ret = (struct fl_cursor){.p = r->buffer + r->begin, .end = newline};
	r->begin = (size_t)(newline + 1 - r->buffer);
	r->next_line_off += (uint64_t)(newline + 1 - ret->p);
	if (newline - ret->p > FL_MANIFEST_LINE_MAX)
		return corrupt(r, reterr, "a line is too long");
	return 0;
}

static void count_in(struct fl_manifest_reader *r, const char *line, const char *end)
{
	XXH3_64bits_update(r->sum, line, (size_t)(end - line) + 1);
}

static int read_header(struct fl_manifest_reader *r, struct fl_error *reterr)
{
	struct fl_cursor c;
	const char *line;
	int e = next_line(r, &c, reterr);

	if (e < 0)
		return e;
	line = c.p;
	if (!fl_cursor_text(&c, "faultline-manifest "))
		return corrupt(r, reterr, "not a manifest");
	c.p = line;
	if (!fl_cursor_text(&c, FL_MANIFEST_HEADER))
		return corrupt(r, reterr, "a manifest of an unknown version");
	if (!fl_cursor_u64(&c, &r->leaf_bytes) || c.p != c.end || r->leaf_bytes == 0 ||
	    r->leaf_bytes % FL_LEAF_BYTES_MIN || r->leaf_bytes > FL_LEAF_BYTES_MAX)
		return corrupt(r, reterr, "the leaf size is wrong");
	count_in(r, line, c.end);
	return 0;
}

int fl_manifest_reader_new(int64_t (*read)(void *arg, void *buf, size_t n), void *arg,
			   struct fl_manifest_reader **ret, struct fl_error *reterr)
{
	struct fl_manifest_reader *r = calloc(1, sizeof(*r));
	int e;

	if (r)
		r->sum = XXH3_createState();
	if (!r || !r->sum) {
		free(r);
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	}
	XXH3_64bits_reset(r->sum);
	r->read = read;
	r->arg = arg;
	e = read_header(r, reterr);
	if (e < 0) {
		fl_manifest_reader_free(r);
		return e;
	}
	*ret = r;
	return 0;
}

uint64_t fl_manifest_reader_leaf_bytes(const struct fl_manifest_reader *r)
{
	return r->leaf_bytes;
}

static int read_file(struct fl_manifest_reader *r, struct fl_cursor *c, int part,
		     struct fl_manifest_entry *ret, struct fl_error *reterr)
{
	const struct fl_manifest_file *file = &r->file;

	if (r->next_off < r->last_off)
		return corrupt(r, reterr, "leaves are missing before this line");
	if (!fl_cursor_file(c, part, &r->file, r->name))
		return corrupt(r, reterr, "this line is wrong");
	r->next_off = file->off;
	r->last_off = file->off + file->len;
	if (file->off % r->leaf_bytes ||
	    (r->last_off % r->leaf_bytes && r->last_off != file->size_bytes))
		return corrupt(r, reterr, "the part does not begin and end at leaves");
	r->files++;
	ret->file = r->file;
	return FL_MANIFEST_FILE;
}

static int read_leaf(struct fl_manifest_reader *r, struct fl_cursor *c,
		     struct fl_manifest_entry *ret, struct fl_error *reterr)
{
	struct fl_leaf *leaf = &ret->leaf;

	if (!fl_cursor_u64(c, &leaf->off) || !fl_cursor_text(c, " ") ||
	    !fl_cursor_hex(c, leaf->digest, sizeof(leaf->digest)) || c->p != c->end)
		return corrupt(r, reterr, "this line is wrong");
	if (leaf->off != r->next_off || leaf->off >= r->last_off)
		return corrupt(r, reterr, "this leaf is not the one that comes next");
	leaf->len = fl_min_u64(r->leaf_bytes, r->last_off - leaf->off);
	r->next_off += leaf->len;
	r->leaves++;
	ret->file = r->file;
	return FL_MANIFEST_LEAF;
}

/* Two manifests in one file: of the second one nothing would be looked at, nor anything said. */
static int nothing_follows(struct fl_manifest_reader *r, struct fl_error *reterr)
{
	int e = 0;

	while (e == 0 && !r->ended && r->begin == r->end)
		e = fill(r, reterr);
	if (e < 0)
		return e;
	r->line_off = r->next_line_off;
	return r->begin < r->end ? corrupt(r, reterr, "something follows the manifest's end")
				 : FL_MANIFEST_END;
}

static int read_end(struct fl_manifest_reader *r, struct fl_cursor *c, struct fl_error *reterr)
{
	unsigned char sum[sizeof(XXH64_canonical_t)];
	XXH64_canonical_t seen;
	uint64_t files, leaves;

	XXH64_canonicalFromHash(&seen, XXH3_64bits_digest(r->sum));
	if (!fl_cursor_u64(c, &files) || !fl_cursor_text(c, " ") || !fl_cursor_u64(c, &leaves) ||
	    !fl_cursor_text(c, " ") || !fl_cursor_hex(c, sum, sizeof(sum)) || c->p != c->end)
		return corrupt(r, reterr, "this line is wrong");
	if (files != r->files || leaves != r->leaves || r->next_off < r->last_off ||
	    memcmp(sum, seen.digest, sizeof(sum)) != 0)
		return corrupt(r, reterr, "the manifest is not as it was written");
	return nothing_follows(r, reterr);
}

int fl_manifest_read(struct fl_manifest_reader *r, struct fl_manifest_entry *ret,
		     struct fl_error *reterr)
{
	struct fl_cursor c;
	const char *line;
	int e;

	if (ret->size != sizeof(*ret))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	e = next_line(r, &c, reterr);
	if (e < 0)
		return e;
	line = c.p;
	if (fl_cursor_text(&c, "leaf "))
		e = read_leaf(r, &c, ret, reterr);
	else if (fl_cursor_text(&c, "file "))
		e = read_file(r, &c, 0, ret, reterr);
	else if (fl_cursor_text(&c, "part "))
		e = read_file(r, &c, 1, ret, reterr);
	else if (fl_cursor_text(&c, "end "))
		return read_end(r, &c, reterr);
	else
		return corrupt(r, reterr, "this line is wrong");
	if (e >= 0)
		count_in(r, line, c.end);
	return e;
}

void fl_manifest_reader_free(struct fl_manifest_reader *r)
{
	if (!r)
		return;
	XXH3_freeState(r->sum);
	free(r);
}
