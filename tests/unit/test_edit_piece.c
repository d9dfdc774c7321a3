/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include "base/size.h"
#include "ops/transform/edit_piece.h"

#include "../support/guardbuf.h"
#include "../support/nasty.h"
#include "../support/scale.h"

#define TEXT_BYTES 3000
#define HAS_ALL ((size_t)1 << 20)

/** struct seen - what the edit was given; @most: 'x' that fit; @tries: how often it was called */
struct seen {
	unsigned char text[TEXT_BYTES];
	size_t len;
	size_t most;
	unsigned tries;
	unsigned pieces;
	size_t longest;
	int result;
};

static size_t count_of(const struct fl_view *in, unsigned char c)
{
	size_t n = 0;

	for (size_t i = 0; i < in->len; i++)
		n += in->data[i] == c;
	return n;
}

static int take(void *arg, const struct fl_view *piece, size_t limit_bytes, struct fl_error *reterr)
{
	struct seen *s = arg;

	(void)reterr;
	s->tries++;
	cr_assert(piece->off == 1000 + s->len && piece->len > 0 && piece->ahead == 0);
	if (limit_bytes == FL_EDIT_PIECE_LIMIT && count_of(piece, 'x') > s->most)
		return FL_EDIT_FULL;
	cr_assert(limit_bytes == FL_EDIT_PIECE_LIMIT || count_of(piece, '\n') <= 1);
	if (s->result != 0 && s->pieces > 0)
		return s->result;
	memcpy(s->text + s->len, piece->data, piece->len);
	s->len += piece->len;
	s->longest = fl_max_size(s->longest, piece->len);
	s->pieces++;
	return 0;
}

static struct fl_edit_pieces begin(void)
{
	return (struct fl_edit_pieces){.edit = take, .delimiter = '\n', .limit_bytes = HAS_ALL};
}

/* Nothing is left out or cut within a record, however dense the text is. */
Test(edit_piece, all_of_a_view_in_whole_records)
{
	struct fl_edit_pieces pieces = begin();
	unsigned char text[TEXT_BYTES];
	unsigned seed = 5;

	for (double round = 0; round < 3000 * test_scale(); round++) {
		struct seen seen = {.most = nasty_rnd(&seed, 20)};
		size_t len = 1 + nasty_rnd(&seed, TEXT_BYTES);
		size_t density = 1 + nasty_rnd(&seed, 50);
		struct fl_view in = {.off = 1000, .len = len, .data = text, .ahead = 7};

		for (size_t i = 0; i < len; i++)
			text[i] = (unsigned char)"x\n"[nasty_rnd(&seed, density) == 0];
		cr_assert(fl_edit_in_pieces(&pieces, &seen, &in, NULL) == 0);
		cr_assert(seen.len == len && memcmp(seen.text, text, len) == 0);
	}
}

/* Where little changes, views are not cut; after a dense one they are whole again some time. */
Test(edit_piece, pieces_become_longer_again)
{
	struct fl_edit_pieces pieces = begin();
	unsigned char text[TEXT_BYTES];
	struct fl_view in = {.off = 1000, .len = sizeof(text), .data = text};
	struct seen seen = {.most = 10};
	unsigned rounds = 0;

	memset(text, '\n', sizeof(text));
	cr_assert(fl_edit_in_pieces(&pieces, &seen, &in, NULL) == 0);
	cr_assert(seen.tries == 1);
	for (size_t i = 0; i < sizeof(text); i += 2)
		text[i] = 'x';
	seen = (struct seen){.most = 10};
	cr_assert(fl_edit_in_pieces(&pieces, &seen, &in, NULL) == 0);
	cr_assert(seen.longest <= 21 && seen.pieces > 100);
	/* Too long is tried seldom. */
	cr_assert(seen.tries < seen.pieces + 20, "%u for %u", seen.tries, seen.pieces);
	memset(text, '\n', sizeof(text));
	do {
		seen = (struct seen){.most = 10};
		cr_assert(fl_edit_in_pieces(&pieces, &seen, &in, NULL) == 0);
	} while (seen.pieces > 1 && ++rounds < 1000);
	cr_assert(seen.pieces == 1);
}

Test(edit_piece, whoever_ends_it_is_obeyed)
{
	const int results[] = {FL_FOLD_STOP, -ENOSPC};
	unsigned char text[100];
	struct fl_view in = {.off = 1000, .len = sizeof(text), .data = text};

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)"x\n"[i % 2];
	for (size_t k = 0; k < 2; k++) {
		struct fl_edit_pieces pieces = begin();
		struct seen seen = {.most = 10, .result = results[k]};

		cr_assert(fl_edit_in_pieces(&pieces, &seen, &in, NULL) == results[k]);
		cr_assert(seen.pieces == 1);
	}
}
