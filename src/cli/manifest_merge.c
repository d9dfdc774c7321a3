/* SPDX-License-Identifier: MIT */
#include "cli/manifest_merge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/leaf_list.h"
#include "cli/manifest_file.h"
#include "cli/message.h"

/* A record of block sums is a sixteenth of what a part's share of memory was when it was made. */
#define RECORD_MAX ((size_t)64 << 20)
#define RECORD_FIRST ((size_t)1 << 20)

/**
 * struct part - a manifest of parts that is being read
 * @entry: the file it has come to, unless @at_end
 * @has_sums: there is a part of a file in it, so that block sums stand beside it
 * @sums:  its block sums, opened when they are first needed; @buf: @held bytes of them
 */
struct part {
	const char *name;
	struct manifest_in in;
	struct fl_manifest_entry entry;
	char *file_name;
	int at_end;
	int has_sums;
	FILE *sums;
	unsigned char *buf;
	size_t room;
	size_t held;
};

/**
 * struct merge
 * @expected: digests in the text of the part that is being replayed
 * @leaves:   those of the file, from the block sums
 * @wrong:    the two differ
 */
struct merge {
	struct part *parts;
	size_t count;
	uint64_t leaf_bytes;
	struct manifest_out out;
	const char *output;
	struct fl_leaves *engine;
	struct leaf_list expected;
	struct leaf_list leaves;
	int wrong;
};

static int complain(const char *name, int code, const char *text)
{
	message_error("%s: %s", name, text != NULL ? text : fl_strerror(code));
	return code;
}

static int complain_sums(const struct part *p, int code, const char *text)
{
	message_error("%s" SUMS_SUFFIX ": %s", p->name, text != NULL ? text : fl_strerror(code));
	return code;
}

static int open_sums(struct part *p)
{
	char magic[sizeof(SUMS_MAGIC) - 1];
	char *path = malloc(strlen(p->name) + sizeof(SUMS_SUFFIX));
	int rc = 0;

	if (path == NULL)
		return complain(p->name, -ENOMEM, NULL);
	strcpy(path, p->name);
	strcat(path, SUMS_SUFFIX);
	p->sums = fopen(path, "re");
	if (p->sums == NULL)
		rc = complain_sums(p, -errno, NULL);
	else if (fread(magic, sizeof(magic), 1, p->sums) != 1 ||
		 memcmp(magic, SUMS_MAGIC, sizeof(magic)) != 0)
		rc = complain_sums(p, -FL_ECORRUPT, "these are no block sums");
	free(path);
	return rc;
}

/* More of the block sums. Return: 1; 0 at their end; an error. */
static int read_sums(struct part *p)
{
	size_t n;

	if (p->held == p->room) {
		size_t room = p->room > 0 ? 2 * p->room : RECORD_FIRST;
		unsigned char *buf = room > RECORD_MAX ? NULL : realloc(p->buf, room);

		if (buf == NULL)
			return room > RECORD_MAX ? -FL_ECORRUPT : -ENOMEM;
		p->buf = buf;
		p->room = room;
	}
	errno = 0;
	n = fread(p->buf + p->held, 1, p->room - p->held, p->sums);
	if (n == 0 && ferror(p->sums))
		return errno != 0 ? -errno : -EIO;
	p->held += n;
	return n > 0;
}

/* Block sums that no file has asked for are of another part, or of another run. */
static int nothing_follows(struct part *p)
{
	int rc = 0;

	if (!p->has_sums)
		return 0;
	if (p->sums == NULL)
		rc = open_sums(p);
	if (rc < 0)
		return rc;
	if (p->held == 0)
		rc = read_sums(p);
	if (rc < 0)
		return complain_sums(p, rc, NULL);
	return p->held == 0 ? 0
			    : complain_sums(p, -FL_ECORRUPT,
					    "something follows the block sums of the last part");
}

/* The part's next file; leaves that are left of the one before are passed over. */
static int advance(struct part *p)
{
	struct fl_error err;
	int rc = FL_MANIFEST_LEAF;

	while (rc == FL_MANIFEST_LEAF)
		rc = fl_manifest_read(p->in.reader, &p->entry, &err);
	if (rc < 0) {
		message_file(p->name, &err);
		return rc;
	}
	p->at_end = rc == FL_MANIFEST_END;
	free(p->file_name);
	p->file_name = p->at_end ? NULL : strdup(p->entry.file.name);
	if (!p->at_end && p->file_name == NULL)
		return complain(p->name, -ENOMEM, NULL);
	p->entry.file.name = p->file_name;
	p->has_sums |= !p->at_end && p->entry.file.part;
	return p->at_end ? nothing_follows(p) : 0;
}

static int open_part(struct merge *m, struct part *p, const char *name)
{
	struct fl_error err;
	int rc;

	p->name = name;
	p->entry.size = sizeof(p->entry);
	rc = manifest_in_open(&p->in, name, &err);
	if (rc < 0) {
		message_file(name, &err);
		return rc;
	}
	if (m->leaf_bytes == 0)
		m->leaf_bytes = fl_manifest_reader_leaf_bytes(p->in.reader);
	if (m->leaf_bytes != fl_manifest_reader_leaf_bytes(p->in.reader))
		return complain(name, -EINVAL, "its leaves have another size");
	return advance(p);
}

static int on_leaf(void *arg, const struct fl_leaf *leaf)
{
	struct merge *m = arg;
	unsigned char digest[FL_LEAF_DIGEST_BYTES];
	int rc = leaf_list_next(&m->expected, digest);

	if (rc < 0)
		return rc;
	if (rc == 0 || memcmp(digest, leaf->digest, sizeof(digest)) != 0)
		m->wrong = 1;
	return leaf_list_add(&m->leaves, leaf->digest);
}

/* The first @n bytes of what is held are done with. */
static void drop_taken(struct part *p, size_t n)
{
	if (n > 0)
		memmove(p->buf, p->buf + n, p->held - n);
	p->held -= n;
}

static int replay_to(struct merge *m, struct part *p, uint64_t end)
{
	size_t at = 0;
	int rc = 0;

	while (rc >= 0 && fl_leaves_offset(m->engine) < end) {
		int64_t n = fl_leaves_replay(m->engine, p->buf + at, p->held - at, NULL);

		at += n > 0 ? (size_t)n : 0;
		rc = n < 0 ? (int)n : 0;
		if (n != 0)
			continue;
		drop_taken(p, at);
		at = 0;
		rc = read_sums(p);
		if (rc == 0)
			rc = -FL_ECORRUPT;
	}
	if (rc < 0)
		return rc;
	drop_taken(p, at);
	return fl_leaves_offset(m->engine) == end ? 0 : -FL_ECORRUPT;
}

/* The leaves of the entry that the part has come to. */
static int read_leaves(struct part *p, struct leaf_list *list)
{
	uint64_t n = p->entry.file.len, off;
	struct fl_error err;
	int rc = 0;

	for (off = 0; rc >= 0 && off < n; off += p->entry.leaf.len) {
		rc = fl_manifest_read(p->in.reader, &p->entry, &err);
		if (rc >= 0)
			rc = leaf_list_add(list, p->entry.leaf.digest);
	}
	p->entry.file.name = p->file_name;
	return rc < 0 ? complain(p->name, rc, NULL) : 0;
}

static int add_part(struct merge *m, struct part *p)
{
	uint64_t end = p->entry.file.off + p->entry.file.len;
	int rc = read_leaves(p, &m->expected);

	if (rc == 0)
		rc = leaf_list_seek(&m->expected, m->leaves.count);
	if (rc == 0 && end > p->entry.file.off) {
		rc = p->sums == NULL ? open_sums(p) : 0;
		if (rc == 0) {
			rc = replay_to(m, p, end);
			if (rc < 0)
				complain(p->name, rc, "its block sums are not those of this part");
		}
	}
	return rc < 0 ? rc : advance(p);
}

static struct part *find_part(struct merge *m, const char *name, uint64_t off)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct fl_manifest_file *file = &m->parts[i].entry.file;

		if (!m->parts[i].at_end && file->off == off &&
		    (name == NULL || (file->part && strcmp(file->name, name) == 0)))
			return &m->parts[i];
	}
	return NULL;
}

static int is_same_file(const struct fl_manifest_file *a, const struct fl_manifest_file *b)
{
	return a->size_bytes == b->size_bytes && a->mtime_s == b->mtime_s &&
	       a->mtime_ns == b->mtime_ns;
}

static int add_parts(struct merge *m, struct part *p, const struct fl_manifest_file *file)
{
	int rc = add_part(m, p);

	while (rc == 0 && fl_leaves_offset(m->engine) < file->size_bytes) {
		p = find_part(m, file->name, fl_leaves_offset(m->engine));
		if (p == NULL) {
			message_error("%s: no part of it begins at byte %" PRIu64, file->name,
				      fl_leaves_offset(m->engine));
			return -EINVAL;
		}
		if (!is_same_file(&p->entry.file, file))
			return complain(file->name, -FL_ECHANGED, "it changed between its parts");
		rc = add_part(m, p);
	}
	return rc;
}

static int write_entry(struct merge *m, const struct fl_manifest_file *file)
{
	struct fl_leaf leaf = {.off = 0};
	int rc = leaf_list_seek(&m->leaves, 0);

	if (rc == 0)
		rc = fl_manifest_write_file(m->out.writer, file);
	for (; rc == 0 && leaf.off < file->size_bytes; leaf.off += m->leaf_bytes) {
		rc = leaf_list_next(&m->leaves, leaf.digest);
		rc = rc == 1 ? fl_manifest_write_leaf(m->out.writer, &leaf) : -EIO;
	}
	return rc < 0 ? complain(m->output, rc, NULL) : 0;
}

static int merge_parts(struct merge *m, struct part *p, struct fl_manifest_file *file)
{
	int rc = fl_leaves_replay_begin(m->engine, 0, NULL);

	if (rc == 0)
		rc = add_parts(m, p, file);
	if (rc == 0)
		rc = fl_leaves_replay_end(m->engine, NULL);
	if (rc == 0 && m->wrong)
		return complain(file->name, -FL_ECORRUPT,
				"the block sums of a part are not those of its leaves");
	fl_leaves_digest(m->engine, file->digest);
	file->part = 0;
	return rc;
}

static int copy_entry(struct merge *m, struct part *p)
{
	int rc = read_leaves(p, &m->leaves);

	return rc < 0 ? rc : advance(p);
}

static int merge_file(struct merge *m, struct part *p)
{
	struct fl_manifest_file file = p->entry.file;
	char *name = strdup(file.name);
	int rc;

	if (name == NULL)
		return complain(p->name, -ENOMEM, NULL);
	file.name = name;
	rc = file.part ? merge_parts(m, p, &file) : copy_entry(m, p);
	if (rc == 0)
		rc = write_entry(m, &file);
	leaf_list_done(&m->expected);
	leaf_list_done(&m->leaves);
	free(name);
	return rc;
}

static int merge_all(struct merge *m)
{
	struct part *p;
	int rc = 0;

	while (rc == 0 && (p = find_part(m, NULL, 0)) != NULL)
		rc = merge_file(m, p);
	for (size_t i = 0; rc == 0 && i < m->count; i++)
		if (!m->parts[i].at_end)
			rc = complain(m->parts[i].file_name, -EINVAL,
				      "no part of it begins at byte 0");
	return rc;
}

static int open_all(struct merge *m, char **names)
{
	struct fl_leaves_options opt = {.size = sizeof(opt), .leaf = on_leaf, .arg = m};
	struct fl_error err;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < m->count; i++)
		rc = open_part(m, &m->parts[i], names[i]);
	if (rc < 0)
		return rc;
	opt.leaf_bytes = m->leaf_bytes;
	rc = fl_leaves_new(&opt, &m->engine, &err);
	if (rc < 0)
		return complain(m->output, rc, err.text);
	rc = manifest_out_open(&m->out, m->output);
	if (rc == 0)
		rc = manifest_out_begin(&m->out, m->leaf_bytes);
	return rc < 0 ? complain(m->output, rc, manifest_out_problem(rc)) : 0;
}

static void close_all(struct merge *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct part *p = &m->parts[i];

		manifest_in_close(&p->in);
		if (p->sums != NULL)
			fclose(p->sums);
		free(p->buf);
		free(p->file_name);
	}
	free(m->parts);
	fl_leaves_free(m->engine);
	manifest_out_close(&m->out);
}

int manifest_merge(const char *output, char **parts, size_t count)
{
	struct merge m = {.output = output, .count = count};
	int rc;

	m.parts = calloc(count, sizeof(*m.parts));
	if (m.parts == NULL)
		return complain(output, -ENOMEM, NULL);
	rc = open_all(&m, parts);
	if (rc == 0)
		rc = merge_all(&m);
	if (rc == 0) {
		rc = manifest_out_commit(&m.out);
		if (rc < 0)
			complain(output, rc, NULL);
	}
	close_all(&m);
	return rc;
}
