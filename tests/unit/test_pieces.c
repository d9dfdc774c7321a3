/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "window/pieces.h"

/**
 * struct stream - piece k is bytes_of(k) times the byte k
 * @count: of pieces
 * @cut_error, @decode_error, @given_error: number of the piece where it is; or -1
 * @cuts, @frees: calls
 * @given_piece, @given_bytes: what was given last
 */
struct stream {
	unsigned count;
	int cut_error;
	int decode_error;
	int given_error;
	unsigned cuts;
	_Atomic unsigned frees;
	unsigned given_piece;
	size_t given_bytes;
};

struct piece {
	struct stream *s;
	unsigned k;
	size_t done;
};

static size_t bytes_of(unsigned k)
{
	return k % 7 == 3 ? 0 : k * 7919 % 5000;
}

static int cut(void *arg, void **ret)
{
	struct stream *s = arg;
	struct piece *p;

	if ((int)s->cuts == s->cut_error)
		return -ENXIO;
	if (s->cuts == s->count)
		return 0;
	p = calloc(1, sizeof(*p));
	*p = (struct piece){.s = s, .k = s->cuts++};
	*ret = p;
	return 1;
}

static int64_t decode(void *arg, void *piece, void *to, size_t n)
{
	const struct stream *s = arg;
	struct piece *p = piece;
	size_t left = bytes_of(p->k) - p->done;

	if ((int)p->k == s->decode_error && left < bytes_of(p->k) / 2 + 1)
		return -EBADMSG;
	n = n < left ? n : left;
	n = n > 700 ? 700 : n;
	memset(to, (int)(p->k & 0xFF), n);
	p->done += n;
	return (int64_t)n;
}

static int given(void *arg, void *piece, const void *data, size_t n)
{
	struct stream *s = arg;
	const struct piece *p = piece;

	(void)data;
	cr_assert(p->k == s->given_piece);
	s->given_bytes += n;
	if (n > 0)
		return (int)p->k == s->given_error ? -EDOM : 0;
	cr_assert(s->given_bytes == bytes_of(p->k));
	s->given_bytes = 0;
	s->given_piece++;
	return 0;
}

static void piece_free(void *piece)
{
	struct piece *p = piece;

	p->s->frees++;
	free(p);
}

static const struct fl_piece_ops ops = {
	.cut = cut, .decode = decode, .given = given, .free = piece_free};

/* Bytes of pieces 0 .. k - 1. */
static size_t before(unsigned k)
{
	size_t sum = 0;

	while (k > 0)
		sum += bytes_of(--k);
	return sum;
}

/* Return: what the last read said; *ret_len bytes came before, each the right one. */
static int64_t read_all(struct stream *s, const struct fl_pieces_options *opt, size_t step,
			size_t *ret_len)
{
	struct fl_pieces *p = NULL;
	unsigned char *buf = malloc(step);
	unsigned k = 0;
	size_t in_piece = 0;
	int64_t got;

	*ret_len = 0;
	cr_assert(fl_pieces_new(&ops, s, opt, &p) == 0);
	while ((got = fl_pieces_read(p, buf, step)) > 0) {
		for (int64_t i = 0; i < got; i++, in_piece++) {
			for (; in_piece == bytes_of(k); in_piece = 0)
				k++;
			cr_assert(buf[i] == (k & 0xFF), "byte %zu", *ret_len + (size_t)i);
		}
		*ret_len += (size_t)got;
	}
	fl_pieces_free(p);
	free(buf);
	cr_assert(s->frees == s->cuts);
	return got;
}

static struct fl_pieces_options options(unsigned i)
{
	static const size_t rooms[] = {1, 300, 4000, 6000};

	return (struct fl_pieces_options){
		.threads = 2 + i % 4, .slots = 2 + i % 9, .room = rooms[i % 4], .whole = i / 4 % 2};
}

Test(pieces, in_order)
{
	for (unsigned i = 0; i < 48; i++) {
		struct stream s = {.count = i % 11 == 0 ? i % 3 : 90,
				   .cut_error = -1,
				   .decode_error = -1,
				   .given_error = -1};
		struct fl_pieces_options opt = options(i);
		size_t len;

		cr_assert(read_all(&s, &opt, i % 5 ? 1 + i * 101 : 100000, &len) == 0);
		cr_assert(len == before(s.count), "round %u: %zu", i, len);
	}
}

Test(pieces, errors_stand_where_they_belong)
{
	for (unsigned i = 0; i < 48; i++) {
		struct stream s = {.count = 90,
				   .cut_error = i % 3 == 0 ? 50 : -1,
				   .decode_error = i % 3 == 1 ? 50 : -1,
				   .given_error = i % 3 == 2 ? 50 : -1};
		static const int64_t want[] = {-ENXIO, -EBADMSG, -EDOM};
		struct fl_pieces_options opt = options(i);
		size_t len;

		cr_assert(read_all(&s, &opt, 1000, &len) == want[i % 3]);
		cr_assert(len >= before(50) && len <= before(51), "round %u: %zu", i, len);
		cr_assert(i % 3 == 1 || len == before(50));
	}
}

Test(pieces, who_leaves_early_frees_all)
{
	for (unsigned i = 0; i < 48; i++) {
		struct stream s = {
			.count = 90, .cut_error = -1, .decode_error = -1, .given_error = -1};
		struct fl_pieces_options opt = options(i);
		struct fl_pieces *p = NULL;
		unsigned char buf[100];

		cr_assert(fl_pieces_new(&ops, &s, &opt, &p) == 0);
		for (unsigned k = 0; k < i % 4; k++)
			cr_assert(fl_pieces_read(p, buf, sizeof(buf)) > 0);
		fl_pieces_free(p);
		cr_assert(s.frees == s.cuts);
	}
	fl_pieces_free(NULL);
}
