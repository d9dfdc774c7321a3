/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "plat/file.h"
#include "plat/mapping.h"
#include "window/seam.h"

#include "../support/guardbuf.h"
#include "../support/scale.h"

#define TEXT_MAX ((size_t)400 << 10)

/* A text in a file, and how it is looked at. @apart: as if each chunk went to another thread */
struct look {
	const unsigned char *text;
	size_t len;
	struct fl_file file;
	struct fl_window_env env;
	struct fl_needs needs;
	enum fl_io io;
	uint64_t begin;
	uint64_t end;
	uint64_t chunk_bytes;
	bool apart;
};

static void open_text(struct look *l, const unsigned char *text, size_t len)
{
	struct fl_error err;
	int fd = fl_file_temp();

	cr_assert(fd >= 0);
	cr_assert_eq(fl_fd_pwrite(fd, text, len, 0), 0);
	*l = (struct look){.text = text,
			   .len = len,
			   .needs = {.records = true, .unit_bytes = 1, .delimiter = '\n'},
			   .end = len};
	cr_assert_eq(fl_file_from_fd(fd, &l->file, &err), 0, "%s", err.text);
	l->env.size = len;
	l->env.window_bytes = fl_page_bytes();
	l->env.slice_bytes = fl_page_bytes();
	l->env.buffer_limit = 16 * fl_page_bytes();
}

static void close_text(struct look *l)
{
	close(l->file.fd);
	fl_file_close(&l->file);
}

/* What the slices of all chunks must add up to. @group: the last one that a record was seen of */
struct sum {
	uint64_t record_at;
	uint64_t group;
	uint64_t unit_at;
};

static bool starts_record(const struct look *l, uint64_t off)
{
	return off == 0 || l->text[off - 1] == l->needs.delimiter;
}

static void no_record_starts(const struct look *l, uint64_t from, uint64_t to)
{
	for (uint64_t at = from; at < to; at++)
		cr_assert_not(starts_record(l, at), "the record at %llu is missing",
			      (unsigned long long)at);
}

/* Records that start in the same unit are shown together, by the chunk that the unit starts in. */
static void check_groups(const struct look *l, const struct fl_chunk *c, const struct fl_view *v,
			 struct sum *sum)
{
	uint64_t first = (v->off - l->begin) / l->needs.group_bytes, from = v->off;
	uint64_t at = l->begin + first * l->needs.group_bytes;
	const unsigned char *last =
		v->len > 1 ? memrchr(v->data, l->needs.delimiter, v->len - 1) : NULL;

	cr_assert(sum->record_at == l->begin || first > sum->group);
	cr_assert(at >= c->off && at < c->end);
	if (last)
		from += (uint64_t)(last + 1 - v->data);
	sum->group = (from - l->begin) / l->needs.group_bytes;
	sum->record_at = v->off + v->len;
}

static void check_records(const struct look *l, const struct fl_chunk *c, const struct fl_view *v,
			  struct sum *sum)
{
	const unsigned char *last;

	if (v->len == 0)
		return;
	no_record_starts(l, sum->record_at, v->off);
	cr_assert(starts_record(l, v->off));
	cr_assert(v->off + v->len == l->len || starts_record(l, v->off + v->len));
	cr_assert(memcmp(v->data, l->text + v->off, v->len) == 0);
	cr_assert_eq(v->ahead, fl_min_u64(l->needs.ahead_bytes, l->len - (v->off + v->len)));
	cr_assert(memcmp(v->data + v->len, l->text + v->off + v->len, v->ahead) == 0);
	if (l->needs.group_bytes > 0) {
		check_groups(l, c, v, sum);
		return;
	}
	/* The view's last record starts in the chunk, too. */
	last = v->len > 1 ? memrchr(v->data, l->needs.delimiter, v->len - 1) : NULL;
	cr_assert(v->off >= c->off);
	cr_assert((last ? v->off + (uint64_t)(last + 1 - v->data) : v->off) < c->end);
	sum->record_at = v->off + v->len;
}

static void check_units(const struct look *l, const struct fl_chunk *c, const struct fl_view *v,
			struct sum *sum)
{
	if (v->len == 0)
		return;
	cr_assert_eq(v->off, sum->unit_at);
	cr_assert_eq((v->off - l->begin) % l->needs.unit_bytes, 0u);
	cr_assert(v->off + v->len == l->end ||
		  (v->off + v->len - l->begin) % l->needs.unit_bytes == 0);
	cr_assert(v->off >= c->off && v->off + v->len < c->end + l->needs.unit_bytes);
	cr_assert(memcmp(v->data, l->text + v->off, v->len) == 0);
	sum->unit_at = v->off + v->len;
}

static void walk(struct look *l)
{
	struct sum sum = {.record_at = l->begin, .unit_at = l->begin};
	struct fl_window w;
	struct fl_error err;
	uint64_t seq = 0;

	l->env.file = &l->file;
	fl_window_init(&w, &l->env);
	fl_window_use(&w, l->io);
	for (uint64_t off = l->begin; off < l->end; off += l->chunk_bytes, seq++) {
		uint64_t end = l->end - off < l->chunk_bytes ? l->end : off + l->chunk_bytes;
		struct fl_chunk c = {.seq = seq,
				     .off = off,
				     .end = end,
				     .begin = l->begin,
				     .unit_end = l->end,
				     .limit = l->len,
				     .starts_record = off == 0};
		struct fl_slicer s;
		struct fl_slice slice;
		int r = fl_slicer_init(&s, &w, &l->needs, &c, &err);

		while (r == 0 && (r = fl_slicer_next(&s, &slice, &err)) > 0) {
			if (l->needs.records)
				check_records(l, &c, &slice.records, &sum);
			if (l->needs.units)
				check_units(l, &c, &slice.units, &sum);
			r = 0;
		}
		cr_assert_eq(r, 0, "%s", r < 0 ? err.text : "");
		if (l->apart)
			fl_window_drop(&w);
	}
	if (l->needs.records)
		no_record_starts(l, sum.record_at, l->end);
	if (l->needs.units)
		cr_assert_eq(sum.unit_at, l->end);
	fl_window_done(&w);
}

static void walk_both(struct look *l)
{
	l->io = FL_IO_MMAP;
	walk(l);
	l->io = FL_IO_READ;
	walk(l);
}

static void every_chunk_size(const char *text, size_t len)
{
	struct look l;

	open_text(&l, (const unsigned char *)text, len);
	for (l.chunk_bytes = 1; l.chunk_bytes <= len + 1; l.chunk_bytes++)
		walk_both(&l);
	close_text(&l);
}

Test(seam, nasty_little_texts_in_every_chunk_size)
{
	static const char *const texts[] = {
		"a",        "\n",          "\n\n\n",     "a\n",          "\na",       "a\nb\n\nc",
		"abc\r\nd", "no line end", "\n\nab\n\n", "x\nyy\nzzz\n", "a\n\n\n\nb"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		every_chunk_size(texts[i], strlen(texts[i]));
}

Test(seam, other_delimiters)
{
	static const char text[] = "a\nb\0\0c\nd\0e";
	struct look l;

	open_text(&l, (const unsigned char *)text, sizeof(text) - 1);
	l.needs.delimiter = '\0';
	for (l.chunk_bytes = 1; l.chunk_bytes <= sizeof(text); l.chunk_bytes++)
		walk_both(&l);
	close_text(&l);
}

static unsigned char *text_of(size_t len, unsigned seed, unsigned long_line)
{
	unsigned char *text = malloc(len);
	size_t line = 0;

	for (size_t i = 0; i < len; i++) {
		if (line == 0) {
			line = (unsigned)rand_r(&seed) % 8 == 0
				       ? (unsigned)rand_r(&seed) % long_line
				       : (unsigned)rand_r(&seed) % 100;
			text[i] = '\n';
			continue;
		}
		line--;
		text[i] = (unsigned char)('a' + rand_r(&seed) % 26);
	}
	return text;
}

/* Records longer than chunk, slice and window; units that divide none of them. */
Test(seam, random_texts_records_and_units)
{
	static const uint64_t chunks[] = {100, 4096, 4099, 10000, TEXT_MAX + 1};
	static const uint64_t units[] = {1, 7, 1024, 4096, 5000};
	unsigned seed = 1;

	for (double round = 0; round < 3 * test_scale(); round++) {
		size_t len = 20000 + (size_t)rand_r(&seed) % (TEXT_MAX - 20000);
		unsigned char *text = text_of(len, (unsigned)rand_r(&seed), 30000);
		struct look l;

		open_text(&l, text, len);
		l.needs.units = true;
		for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
			l.chunk_bytes = chunks[i];
			l.needs.unit_bytes = units[((size_t)round + i) % 5];
			/* A slice holds at least a unit. */
			l.env.slice_bytes = 2 * fl_page_bytes();
			l.needs.records = i % 3 != 2;
			walk_both(&l);
		}
		close_text(&l);
		free(text);
	}
}

static void walk_chunks(struct look *l, uint64_t least)
{
	static const uint64_t chunks[] = {100, 4096, 4099, 10000, TEXT_MAX + 1};

	for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
		l->chunk_bytes = chunks[i];
		if (l->chunk_bytes >= least)
			walk_both(l);
	}
}

/* Records of 30 KB span several groups of 1,000 bytes; groups of 20,000 several slices. */
Test(seam, records_in_groups_and_units_beside_them)
{
	static const uint32_t groups[] = {64, 1000, 4096, 20000};
	unsigned seed = 9;

	for (double round = 0; round < 4 * test_scale(); round++) {
		size_t len = 20000 + (size_t)rand_r(&seed) % (TEXT_MAX / 4);
		unsigned char *text = text_of(len, (unsigned)rand_r(&seed), 30000);
		struct look l;

		open_text(&l, text, len);
		l.needs.group_bytes = groups[(size_t)round % 4];
		l.needs.units = (size_t)round % 2 == 1;
		l.needs.unit_bytes = 64;
		l.begin = (uint64_t)rand_r(&seed) % 5000;
		walk_chunks(&l, 0);
		close_text(&l);
		free(text);
	}
}

Test(seam, what_is_behind_the_records_is_in_sight)
{
	static const size_t aheads[] = {1, 5000, 70000};
	unsigned seed = 11;

	for (double round = 0; round < 3 * test_scale(); round++) {
		size_t len = 20000 + (size_t)rand_r(&seed) % (TEXT_MAX / 4);
		unsigned char *text = text_of(len, (unsigned)rand_r(&seed), 30000);
		struct look l;

		open_text(&l, text, len);
		l.needs.ahead_bytes = aheads[(size_t)round % 3];
		l.needs.units = (size_t)round % 2 == 0;
		l.env.buffer_limit = 64 * fl_page_bytes();
		walk_chunks(&l, 1000);
		close_text(&l);
		free(text);
	}
}

Test(seam, ranges_own_the_records_that_start_in_them)
{
	unsigned seed = 5;
	unsigned char *text = text_of(3000, 3, 300);
	struct look l;

	open_text(&l, text, 3000);
	l.needs.units = true;
	l.needs.unit_bytes = 10;
	for (double round = 0; round < 300 * test_scale(); round++) {
		l.begin = (uint64_t)rand_r(&seed) % 3000;
		l.end = l.begin + (uint64_t)rand_r(&seed) % (3001 - l.begin);
		l.chunk_bytes = 1 + (uint64_t)rand_r(&seed) % 700;
		walk_both(&l);
	}
	close_text(&l);
	free(text);
}

Test(seam, what_is_behind_a_chunk_is_left_to_the_next_one)
{
	unsigned char *text = text_of(TEXT_MAX, 7, 200);
	struct look l;

	open_text(&l, text, TEXT_MAX);
	l.env.slice_bytes = 64 * 1024;
	l.env.buffer_limit = 16 * l.env.slice_bytes;
	l.chunk_bytes = 2 * l.env.slice_bytes;
	l.io = FL_IO_READ;
	l.apart = true;
	walk(&l);
	/* Two steps for a chunk, where the last one shows the end of the last record, too. */
	cr_assert_eq(atomic_load(&l.env.windows), 2 * 3 + 1u);
	cr_assert(atomic_load(&l.env.copied) < TEXT_MAX + 4 * 16 * 1024, "%llu",
		  (unsigned long long)atomic_load(&l.env.copied));
	/* Units end where chunks do. */
	l.needs.records = false;
	l.needs.units = true;
	atomic_store(&l.env.copied, 0);
	walk(&l);
	cr_assert_eq(atomic_load(&l.env.copied), TEXT_MAX);
	close_text(&l);
	free(text);
}
