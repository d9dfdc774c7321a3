/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ops/transform/record_seam.h"
#include "store/change.h"

#define OFF ((uint64_t)1000)
#define SOURCE_BYTES 24u

/** struct model - a view and some changes of it, bare, and what it becomes */
struct model {
	unsigned char row[400];
	size_t row_len;
	unsigned char text[400];
	size_t text_len;
	uint64_t old_bytes;
};

static const unsigned char source[] = "abcdefghijklmnopqrstuvwx";

static void keep(struct model *m, size_t from, size_t to)
{
	memcpy(m->text + m->text_len, source + from, to - from);
	m->text_len += to - from;
}

/* Drawn changes, some of which touch, insert, delete, or repeat one byte. */
static void draw(struct model *m, unsigned *seed)
{
	size_t at = 0;
	uint64_t base = OFF;

	*m = (struct model){.row_len = 0};
	while (at < SOURCE_BYTES && rand_r(seed) % 6 != 0) {
		static const char new_bytes[] = "ZZZZYXWV";
		size_t gap = (size_t)rand_r(seed) % 4, old_len = (size_t)rand_r(seed) % 4;
		struct fl_change c = {.new_len = (uint64_t)rand_r(seed) % 8};

		if (at + gap + old_len > SOURCE_BYTES)
			break;
		c.off = OFF + at + gap;
		c.old_len = old_len;
		c.new_bytes = (const unsigned char *)new_bytes;
		c.fill = c.new_len > 0 && c.new_len <= 4;
		if (c.old_len == 0 && c.new_len == 0)
			continue;
		keep(m, at, at + gap);
		memcpy(m->text + m->text_len, new_bytes, (size_t)c.new_len);
		m->text_len += (size_t)c.new_len;
		m->row_len += fl_change_put_bare(m->row + m->row_len, base, &c);
		m->old_bytes += old_len;
		at += gap + old_len;
		base = OFF + at;
	}
	keep(m, at, SOURCE_BYTES);
}

/* What the changes make of the source; malloc'ed. @old: bytes that they take away. */
static unsigned char *make(const struct fl_edit_part_run *run, size_t *ret_len, uint64_t *old)
{
	struct fl_change_reader r = {run->p, run->p + run->len, run->off, true};
	unsigned char *text = malloc(400);
	size_t at = 0, len = 0;
	struct fl_change c;

	*old = 0;
	while (fl_change_next(&r, &c) > 0) {
		size_t gap = (size_t)(c.off - OFF) - at;

		cr_assert(c.old_len > 0 || c.new_len > 0);
		memcpy(text + len, source + at, gap);
		len += gap;
		if (c.fill)
			memset(text + len, c.new_bytes[0], (size_t)c.new_len);
		else if (c.new_len > 0)
			memcpy(text + len, c.new_bytes, (size_t)c.new_len);
		len += (size_t)c.new_len;
		at += gap + (size_t)c.old_len;
		*old += c.old_len;
	}
	cr_assert(r.p == r.end && at <= SOURCE_BYTES);
	memcpy(text + len, source + at, SOURCE_BYTES - at);
	*ret_len = len + SOURCE_BYTES - at;
	return text;
}

Test(record_seam, any_number_of_bytes_goes_from_the_front)
{
	struct fl_shortened s = {0};
	struct model m;
	unsigned seed = 5;

	for (unsigned i = 0; i < 3000; i++) {
		draw(&m, &seed);
		for (size_t n = 1; n <= m.text_len; n++) {
			struct fl_edit_part_run run = {.off = OFF,
						       .end = OFF + SOURCE_BYTES,
						       .p = m.row,
						       .len = m.row_len,
						       .old_bytes = m.old_bytes,
						       .growth = (int64_t)m.text_len -
								 (int64_t)SOURCE_BYTES};
			unsigned char *text;
			uint64_t old;
			size_t len;

			cr_assert_eq(fl_edit_run_shorten(&run, n, &s), 0);
			text = make(&run, &len, &old);
			cr_assert(len == m.text_len - n, "round %u, %zu bytes", i, n);
			cr_assert(memcmp(text, m.text + n, len) == 0);
			cr_assert(run.growth == (int64_t)len - (int64_t)SOURCE_BYTES);
			cr_assert(run.old_bytes == old);
			free(text);
		}
	}
	fl_shortened_done(&s);
}

Test(record_seam, more_than_there_is)
{
	struct fl_edit_part_run run = {.off = OFF, .end = OFF + 5};
	struct fl_shortened s = {0};

	cr_assert(fl_edit_run_shorten(&run, 6, &s) < 0);
	fl_shortened_done(&s);
}

/* A view without records changes nothing; one whose records are too long equals none. */
Test(record_seam, what_goes)
{
	const struct fl_record_tag a = {{1, 2}}, b = {{1, 3}}, none = {{0, 0}};
	const struct fl_record_ends ab = {4, a, b}, bb = {4, b, b}, too_long = {9, none, none},
				    empty = {0, none, none};
	struct fl_record_seam seam = {.known = false};

	cr_assert(!fl_record_seam_next(&seam, &empty));
	cr_assert(!seam.known);
	cr_assert(!fl_record_seam_next(&seam, &ab));
	cr_assert(fl_record_seam_next(&seam, &bb));
	cr_assert(!fl_record_seam_next(&seam, &empty));
	cr_assert(fl_record_seam_next(&seam, &bb));
	cr_assert(!fl_record_seam_next(&seam, &ab));
	cr_assert(!fl_record_seam_next(&seam, &too_long));
	cr_assert(!fl_record_seam_next(&seam, &too_long));
}
