/* SPDX-License-Identifier: MIT */
/* Manifests are read as they were written, and never otherwise. */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/manifest.h>

#define LEAF 8192

/* A manifest in memory; reads give @step bytes at a time. */
struct text {
	char bytes[4096];
	size_t len;
	size_t at;
	size_t step;
};

static int take(void *arg, const void *data, size_t len)
{
	struct text *t = arg;

	if (len > sizeof(t->bytes) - t->len)
		return -ENOSPC;
	memcpy(t->bytes + t->len, data, len);
	t->len += len;
	return 0;
}

static int64_t give(void *arg, void *buf, size_t n)
{
	struct text *t = arg;
	size_t left = t->len - t->at;

	n = n < left ? n : left;
	n = n < t->step ? n : t->step;
	memcpy(buf, t->bytes + t->at, n);
	t->at += n;
	return (int64_t)n;
}

static const struct fl_manifest_file files[] = {
	{.name = "plain", .size_bytes = 0, .mtime_s = INT64_MIN},
	{.name = "back\\slash\nand \rlines\xff",
	 .size_bytes = 8193,
	 .mtime_s = -5,
	 .mtime_ns = 7,
	 .digest = {0xab, 1, 2}},
	{.name = " ",
	 .size_bytes = 30000,
	 .mtime_s = 1700000000,
	 .mtime_ns = 999999999,
	 .part = 1,
	 .off = 8192,
	 .len = 16384},
};

static const struct fl_leaf leaves[] = {
	{.off = 0, .len = 8192, .digest = {1}},
	{.off = 8192, .len = 1, .digest = {2}},
	{.off = 8192, .len = 8192, .digest = {3}},
	{.off = 16384, .len = 8192, .digest = {0xff}},
};

static const int order[] = {-1, -2, 1, 2, -3, 3, 4};

static void write_all(struct text *t)
{
	struct fl_manifest_writer *w = NULL;

	*t = (struct text){.step = 4096};
	cr_assert(fl_manifest_writer_new(LEAF, take, t, &w) == 0);
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (order[i] < 0)
			cr_assert(fl_manifest_write_file(w, &files[-order[i] - 1]) == 0);
		else
			cr_assert(fl_manifest_write_leaf(w, &leaves[order[i] - 1]) == 0);
	}
	cr_assert(fl_manifest_write_end(w) == 0);
	fl_manifest_writer_free(w);
}

static int same_file(const struct fl_manifest_file *a, const struct fl_manifest_file *b)
{
	uint64_t len = b->part ? b->len : b->size_bytes;

	return strcmp(a->name, b->name) == 0 && a->size_bytes == b->size_bytes &&
	       a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns && a->part == b->part &&
	       a->off == b->off && a->len == len &&
	       memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

static int same_leaf(const struct fl_leaf *a, const struct fl_leaf *b)
{
	return a->off == b->off && a->len == b->len &&
	       memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

Test(manifest_text, read_as_written)
{
	struct fl_manifest_entry entry = {.size = sizeof(entry)};
	struct text t;

	for (size_t step = 1; step <= 4096; step = step * 3 + 1) {
		struct fl_manifest_reader *r = NULL;

		write_all(&t);
		t.step = step;
		cr_assert(fl_manifest_reader_new(give, &t, &r, NULL) == 0);
		cr_assert(fl_manifest_reader_leaf_bytes(r) == LEAF);
		for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
			int kind = fl_manifest_read(r, &entry, NULL);

			if (order[i] < 0)
				cr_assert(kind == FL_MANIFEST_FILE &&
					  same_file(&entry.file, &files[-order[i] - 1]));
			else
				cr_assert(kind == FL_MANIFEST_LEAF &&
					  same_leaf(&entry.leaf, &leaves[order[i] - 1]));
		}
		cr_assert(fl_manifest_read(r, &entry, NULL) == FL_MANIFEST_END);
		fl_manifest_reader_free(r);
	}
}

/* Return: what reading all of it ends with. */
static int read_all(struct text *t, struct fl_error *err)
{
	struct fl_manifest_entry entry = {.size = sizeof(entry)};
	struct fl_manifest_reader *r = NULL;
	int rc;

	t->at = 0;
	rc = fl_manifest_reader_new(give, t, &r, err);
	if (rc == 0)
		do
			rc = fl_manifest_read(r, &entry, err);
		while (rc > 0);
	fl_manifest_reader_free(r);
	return rc;
}

Test(manifest_text, every_damaged_byte_is_seen)
{
	struct fl_error err;
	struct text t;

	write_all(&t);
	cr_assert(read_all(&t, &err) == 0);
	for (size_t i = 0; i < t.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			t.bytes[i] ^= (char)(1 << bit);
			cr_assert(read_all(&t, &err) == -FL_ECORRUPT, "byte %zu bit %d", i, bit);
			t.bytes[i] ^= (char)(1 << bit);
		}
	}
	for (size_t len = t.len; len-- > 0;) {
		t.len = len;
		cr_assert(read_all(&t, &err) == -FL_ECORRUPT, "cut at %zu", len);
	}
}

Test(manifest_text, nothing_may_follow_the_end)
{
	struct fl_error err;
	struct text t;
	size_t len;

	write_all(&t);
	len = t.len;
	for (t.step = 1; t.step < 2 * len; t.step++) {
		t.len = len;
		cr_assert(read_all(&t, &err) == 0);
		t.bytes[t.len++] = '\n';
		cr_assert(read_all(&t, &err) == -FL_ECORRUPT, "in steps of %zu", t.step);
		cr_assert(err.off == len && strstr(err.text, "follows"));
	}
	memcpy(t.bytes + len, t.bytes, len);
	t.len = 2 * len;
	cr_assert(read_all(&t, &err) == -FL_ECORRUPT);
	cr_assert(err.off == len);
}

static void refused(const char *lines, uint64_t off)
{
	struct fl_error err;
	struct text t = {.step = 4096};

	t.len = (size_t)snprintf(t.bytes, sizeof(t.bytes),
				 "faultline-manifest 1 xxh128 leaf-size 8192\n%s", lines);
	cr_assert(read_all(&t, &err) == -FL_ECORRUPT);
	cr_assert(err.off == off + 43, "%s: at %llu", lines, (unsigned long long)err.off);
}

#define HEX "0123456789abcdef0123456789abcdef"

Test(manifest_text, lines_that_are_refused)
{
	refused("leaf 0 " HEX "\n", 0);
	refused("file 0 1.000000000 " HEX " a\nleaf 0 " HEX "\n", 54);
	refused("file 01 1.000000000 " HEX " a\n", 0);
	refused("file 1 1.00000000 " HEX " a\n", 0);
	refused("file 1 1.000000000 " HEX "\n", 0);
	refused("file 1 1.000000000 " HEX " \n", 0);
	refused("file 1 1.000000000 " HEX " a\\t\n", 0);
	refused("file 99999999999999999999 1.000000000 " HEX " a\n", 0);
	refused("file 9000 1.000000000 " HEX " a\nleaf 0 " HEX "\nend 1 1 0123456789abcdef\n", 97);
	refused("file 9000 1.000000000 " HEX " a\nleaf 0 " HEX "\nleaf 0 " HEX "\n", 97);
	refused("part 0:100 9000 1.000000000 a\n", 0);
	refused("part 8192:8192 9000 1.000000000 a\n", 0);
	refused("nonsense\n", 0);
	refused("file 0 1.000000000 " HEX " a\r\n\n", 55);
	refused("file 0 -9223372036854775809.000000000 " HEX " a\n", 0);
	refused("file 0 9223372036854775808.000000000 " HEX " a\n", 0);
	refused("file 0 -0.000000000 " HEX " a\n", 0);
	refused("part 18446744073709551615:8192 9000 1.000000000 a\n", 0);
	refused("part 8192:18446744073709551615 9000 1.000000000 a\n", 0);
	refused("part 8192:18446744073709551616 9000 1.000000000 a\n", 0);
	refused("file 9000 1.000000000 " HEX " a\nleaf 8192 " HEX "\n", 57);
	refused("file 9000 1.000000000 " HEX " a\nleaf 18446744073709543424 " HEX "\n", 57);
	refused("end 0 1 0123456789abcdef\n", 0);
	refused("end 0 0 0123456789ABCDEF\n", 0);
	refused("end 18446744073709551616 0 0123456789abcdef\n", 0);
}

static void refused_bytes(const char *line, size_t len)
{
	struct text t = {.step = 4096};
	struct fl_error err;
	static const char header[] = "faultline-manifest 1 xxh128 leaf-size 8192\n";

	t.len = sizeof(header) - 1 + len;
	memcpy(t.bytes, header, sizeof(header) - 1);
	memcpy(t.bytes + sizeof(header) - 1, line, len);
	cr_assert(read_all(&t, &err) == -FL_ECORRUPT);
	cr_assert(err.off == sizeof(header) - 1);
}

Test(manifest_text, nul_bytes_and_headers_that_are_refused)
{
	static const char nul[] = "file 0 1.000000000 " HEX " a\0b\n";
	static const char *const headers[] = {
		"faultline-manifest 1 xxh128 leaf-size 8192\r\n",
		"faultline-manifest 1 xxh128 leaf-size 0\n",
		"faultline-manifest 1 xxh128 leaf-size 4097\n",
		"faultline-manifest 1 xxh128 leaf-size 04096\n",
		"faultline-manifest 1 xxh128 leaf-size 2199023255552\n",
		"faultline-manifest 1 xxh128 leaf-size 18446744073709555712\n",
		"faultline-manifest 1 xxh128 leaf-size 4096 \n",
		"faultline-manifest 1 xxh128 leaf-size -4096\n",
	};
	struct fl_error err;

	refused_bytes(nul, sizeof(nul) - 1);
	refused_bytes("\0", 1);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct text t = {.step = 4096};

		t.len = (size_t)snprintf(t.bytes, sizeof(t.bytes), "%s", headers[i]);
		cr_assert(read_all(&t, &err) == -FL_ECORRUPT);
		cr_assert(err.off == 0 && strstr(err.text, "leaf size"), "%s", headers[i]);
	}
}

Test(manifest_text, files_that_are_no_manifests)
{
	struct text t = {.step = 4096, .len = 5, .bytes = "hello"};
	struct fl_error err;

	cr_assert(read_all(&t, &err) == -FL_ECORRUPT);
	cr_assert(strstr(err.text, "not a manifest") != NULL);
	t.len = 0;
	cr_assert(read_all(&t, &err) == -FL_ECORRUPT);
	memset(t.bytes, 'x', sizeof(t.bytes));
	t.len = sizeof(t.bytes);
	cr_assert(read_all(&t, &err) == -FL_ECORRUPT);
	strcpy(t.bytes, "faultline-manifest 2 xxh128 leaf-size 8192\n");
	t.len = strlen(t.bytes);
	cr_assert(read_all(&t, &err) == -FL_ECORRUPT);
	cr_assert(strstr(err.text, "unknown version") != NULL);
}
