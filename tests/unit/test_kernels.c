/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include "kern/kernels.h"

#include "../support/guardbuf.h"
#include "../support/variants.h"
#include "../support/scale.h"

/* Four vectors of 64 bytes and one byte more: every way in and out of the kernels' loops. */
#define LEN_MAX 257
/* A cache line: every alignment that a load can have. */
#define ALIGNMENTS 64
/* More than 255 rounds of eight vectors of 64 bytes: byte counters would wrap earlier. */
#define LONG_BYTES 140000

static struct guardbuf room;
static struct guardbuf needle_room;

static void make_rooms(void)
{
	room = guardbuf_new(LONG_BYTES);
	needle_room = guardbuf_new(4096);
}

static void free_rooms(void)
{
	guardbuf_free(&room);
	guardbuf_free(&needle_room);
}

/* `len` bytes at the start (shifted up by `shift`), or at the end (shifted down), of the room. */
static unsigned char *place(const unsigned char *bytes, size_t len, size_t shift, bool at_end)
{
	unsigned char *p = at_end ? room.end - len - shift : room.begin + shift;

	/* What stands around must not matter; where it can be seen it is what is sought. */
	if (len > 0) {
		memset(room.begin, bytes[len / 2], len + ALIGNMENTS);
		memset(room.end - len - ALIGNMENTS, bytes[len / 2], len + ALIGNMENTS);
		memcpy(p, bytes, len);
	}
	return p;
}

static void fill_from(unsigned char *p, size_t n, const char *alphabet, unsigned *seed)
{
	size_t letters = strlen(alphabet);

	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)alphabet[(size_t)rand_r(seed) % letters];
}

static void fill_any(unsigned char *p, size_t n, unsigned *seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(rand_r(seed) >> 7);
}

/* ---- the references, as plain as can be */

static uint64_t plain_count(const unsigned char *p, size_t n, unsigned char c)
{
	uint64_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (p[i] == c)
			count++;
	return count;
}

static unsigned char plain_lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c;
}

/* The place of the first occurrence, `n` if there is none. */
static size_t plain_find(const unsigned char *needle, size_t len, bool icase,
			 const unsigned char *p, size_t n)
{
	for (size_t i = 0; i + len <= n; i++) {
		size_t k = 0;

		while (k < len && (icase ? plain_lower(p[i + k]) : p[i + k]) == needle[k])
			k++;
		if (k == len)
			return i;
	}
	return n;
}

static uint64_t plain_words(const unsigned char *p, size_t n, bool *in)
{
	uint64_t words = 0;

	for (size_t i = 0; i < n; i++) {
		if (memchr(" \t\n\v\f\r", p[i], 6)) {
			*in = false;
		} else if (p[i] > 32 && p[i] < 127) {
			words += !*in;
			*in = true;
		}
	}
	return words;
}

/* ---- the tables */

TestSuite(kernels, .init = make_rooms, .fini = free_rooms);

Test(kernels, the_first_supported_variant_is_chosen)
{
	size_t n, i = 0;
	const struct fl_kernels_variant *v = fl_kernels_variants(&n);

	cr_assert(n > 0);
	cr_assert(v[n - 1].supported(), "the last variant runs everywhere");
	cr_assert_str_eq(v[n - 1].kernels->name, "generic");
	while (!v[i].supported())
		i++;
	cr_assert(fl_kernels_get() == v[i].kernels);
	cr_assert(fl_kernels_get() == fl_kernels_get());
}

/* ---- count_byte */

static void check_count(const unsigned char *p, size_t n, unsigned char c, uint64_t want)
{
	const struct fl_kernels *k;

	for (size_t v = 0; (k = kernels_variant(v)); v++) {
		uint64_t got = k->count_byte(p, n, c);

		cr_assert(got == want, "%s: %zu bytes at %p: %llu, not %llu", k->name, n,
			  (const void *)p, (unsigned long long)got, (unsigned long long)want);
	}
}

static void count_everywhere(const unsigned char *bytes, size_t n, unsigned char c)
{
	uint64_t want = plain_count(bytes, n, c);

	for (size_t shift = 0; shift < ALIGNMENTS; shift++)
		for (int end = 0; end < 2; end++)
			check_count(place(bytes, n, shift, end), n, c, want);
}

Test(kernels, count_byte_short)
{
	unsigned char bytes[LEN_MAX] = {0};
	unsigned seed = 1;

	for (size_t n = 0; n <= LEN_MAX; n++) {
		fill_from(bytes, n, "ab\n", &seed);
		count_everywhere(bytes, n, 'a');
		fill_any(bytes, n, &seed);
		count_everywhere(bytes, n, n > 0 ? bytes[n / 2] : 0);
		memset(bytes, 0xFF, n);
		count_everywhere(bytes, n, 0xFF);
		count_everywhere(bytes, n, 0);
	}
}

/* Nothing but the byte: counters of eight bits must not wrap, wherever the run ends. */
Test(kernels, count_byte_long_runs)
{
	size_t room_bytes = (size_t)(room.end - room.begin);
	unsigned seed = 2;

	memset(room.begin, 'x', room_bytes);
	for (size_t vec = 16; vec <= 64; vec *= 2)
		for (size_t vectors = 1; vectors <= 8; vectors *= 2)
			for (size_t off = 0; off < 3; off++) {
				size_t n = 255 * vec * vectors + off * vec - off;

				check_count(room.end - n, n, 'x', n);
				check_count(room.begin, n, 'x', n);
			}
	for (double i = 0; i < 100 * test_scale(); i++) {
		size_t n = (size_t)rand_r(&seed) % LONG_BYTES;
		size_t hole = n > 0 ? (size_t)rand_r(&seed) % n : 0;
		unsigned char *p = room.end - n;

		if (n == 0)
			continue;
		p[hole] = 'y';
		check_count(p, n, 'x', n - 1);
		check_count(p, n, 'y', 1);
		p[hole] = 'x';
	}
}

Test(kernels, count_byte_long_random)
{
	unsigned seed = 3;

	for (double i = 0; i < 20 * test_scale(); i++) {
		size_t n = (size_t)rand_r(&seed) % LONG_BYTES;
		unsigned char *p = room.end - n;

		fill_from(p, n, "aaab", &seed);
		check_count(p, n, 'a', plain_count(p, n, 'a'));
	}
}

/* ---- count_blocks */

static void check_blocks(const unsigned char *p, size_t blocks, unsigned char c)
{
	const struct fl_kernels *k;
	bool nul = memchr(p, 0, blocks * FL_COUNT_BLOCK_BYTES) != NULL;

	for (size_t v = 0; (k = kernels_variant(v)); v++) {
		uint16_t counts[LONG_BYTES / FL_COUNT_BLOCK_BYTES + 1];

		memset(counts, 0xEE, sizeof(counts));
		cr_assert(k->count_blocks(p, blocks, c, counts) == nul, "%s: %zu blocks", k->name,
			  blocks);
		for (size_t i = 0; i < blocks; i++)
			cr_assert(counts[i] == plain_count(p + i * FL_COUNT_BLOCK_BYTES,
							   FL_COUNT_BLOCK_BYTES, c),
				  "%s: block %zu of %zu: %u", k->name, i, blocks, counts[i]);
		cr_assert(counts[blocks] == 0xEEEE, "%s: %zu blocks", k->name, blocks);
	}
}

/* One NUL at most, anywhere; a block of nothing but the byte. */
Test(kernels, count_blocks)
{
	unsigned seed = 4;

	for (double i = 0; i < 200 * test_scale(); i++) {
		size_t blocks = 1 + (size_t)rand_r(&seed) % (LONG_BYTES / FL_COUNT_BLOCK_BYTES);
		size_t n = blocks * FL_COUNT_BLOCK_BYTES, shift = (size_t)rand_r(&seed) % 64;
		unsigned char *p = i < 100 ? room.end - n : room.begin + shift;

		if (n + shift > LONG_BYTES)
			continue;
		fill_from(p, n, "aaab\n", &seed);
		memset(p + (size_t)rand_r(&seed) % blocks * FL_COUNT_BLOCK_BYTES, '\n',
		       FL_COUNT_BLOCK_BYTES);
		if (rand_r(&seed) % 2)
			p[(size_t)rand_r(&seed) % n] = 0;
		check_blocks(p, blocks, '\n');
		check_blocks(p, blocks, 0);
	}
}

/* ---- find_literal */

static void check_find(const struct fl_literal *lit, const unsigned char *p, size_t n, size_t want)
{
	const struct fl_kernels *k;

	for (size_t v = 0; (k = kernels_variant(v)); v++) {
		const unsigned char *hit = k->find_literal(lit, p, n);
		size_t got = hit ? (size_t)(hit - p) : n;

		cr_assert(got == want,
			  "%s: '%.*s'%s in %zu bytes at %p, tested at %zu and %zu: %zu, not %zu",
			  k->name, (int)lit->len, (const char *)lit->bytes,
			  lit->icase ? " (icase)" : "", n, (const void *)p, lit->rare1, lit->rare2,
			  got, want);
	}
}

/* The literal's bytes end where reading on would fault. */
static struct fl_literal literal(const unsigned char *bytes, size_t len, bool icase)
{
	unsigned char *p = needle_room.end - len;
	struct fl_literal lit;

	memcpy(p, bytes, len);
	fl_literal_init(&lit, p, len, icase);
	return lit;
}

static void find_everywhere(const struct fl_literal *lit, const unsigned char *bytes, size_t n)
{
	size_t want = plain_find(lit->bytes, lit->len, lit->icase, bytes, n);

	for (size_t shift = 0; shift < ALIGNMENTS; shift++)
		for (int end = 0; end < 2; end++)
			check_find(lit, place(bytes, n, shift, end), n, want);
}

/* Few letters, so that the literal nearly stands everywhere, and often does. */
Test(kernels, find_literal_short)
{
	unsigned char bytes[LEN_MAX] = {0}, needle[16];
	unsigned seed = 4;

	for (size_t n = 0; n <= LEN_MAX; n++)
		for (int icase = 0; icase < 2; icase++) {
			size_t len = 1 + (size_t)rand_r(&seed) % sizeof(needle);
			struct fl_literal lit;

			fill_from(needle, len, icase ? "ab1" : "aB", &seed);
			lit = literal(needle, len, icase);
			fill_from(bytes, n, icase ? "aAbB1\x11" : "aB", &seed);
			find_everywhere(&lit, bytes, n);
			fill_any(bytes, n, &seed);
			find_everywhere(&lit, bytes, n);
		}
}

/* One occurrence, at every place of every length, the last one against the end of memory. */
static void one_at_every_place(const char *text, bool icase, char background)
{
	size_t len = strlen(text);
	struct fl_literal lit = literal((const unsigned char *)text, len, icase);

	for (size_t n = len; n <= LEN_MAX; n++) {
		unsigned char *p = room.end - n;

		memset(p, background, n);
		check_find(&lit, p, n, n);
		for (size_t at = 0; at + len <= n; at++) {
			for (size_t i = 0; i < len; i++)
				p[at + i] = (unsigned char)(icase && text[i] >= 'a' && (at + i) % 2
								    ? text[i] ^ 0x20
								    : text[i]);
			check_find(&lit, p, n, at);
			/* All but the last byte of it, which stands beyond the end. */
			check_find(&lit, p, at + len - 1, at + len - 1);
			memset(p + at, background, len);
		}
	}
}

Test(kernels, find_literal_at_every_place)
{
	one_at_every_place("x", false, '.');
	one_at_every_place("xy", false, 'x');
	one_at_every_place("aab", false, 'a');
	one_at_every_place("q", true, 'Z');
	one_at_every_place("error: 17", true, 'r');
	one_at_every_place("a literal that is longer than any vector this program may ever use, "
			   "and by far",
			   false, 'a');
}

/* What begins like the literal, again and again, before the literal itself. */
Test(kernels, find_literal_self_similar)
{
	static const char *const texts[] = {"aaaaaaaab", "abababac", "aabaab", "abcabcabd", "aa"};

	for (size_t t = 0; t < sizeof(texts) / sizeof(*texts); t++) {
		size_t len = strlen(texts[t]);
		struct fl_literal lit = literal((const unsigned char *)texts[t], len, t % 2);

		for (size_t n = 0; n <= 2 * LEN_MAX; n++) {
			unsigned char *p = room.end - n;

			for (size_t i = 0; i < n; i++)
				p[i] = (unsigned char)texts[t][i % (len - 1)];
			check_find(&lit, p, n, plain_find(lit.bytes, len, lit.icase, p, n));
			if (n < len)
				continue;
			memcpy(p + n - len, texts[t], len);
			check_find(&lit, p, n, plain_find(lit.bytes, len, lit.icase, p, n));
		}
	}
}

/* Any two bytes may be the ones that are tested first, also those of a caller's choice. */
Test(kernels, find_literal_any_two_bytes)
{
	unsigned char bytes[LEN_MAX] = {0}, needle[12];
	unsigned seed = 5;

	for (double round = 0; round < 300 * test_scale(); round++) {
		size_t len = 2 + (size_t)rand_r(&seed) % (sizeof(needle) - 1);
		size_t n = (size_t)rand_r(&seed) % LEN_MAX;
		struct fl_literal lit;
		unsigned char *p;

		fill_from(needle, len, "abc-", &seed);
		lit = literal(needle, len, rand_r(&seed) % 2);
		fill_from(bytes, n, "abcABC-\r", &seed);
		if (n > len)
			memcpy(bytes + (size_t)rand_r(&seed) % (n - len), needle, len);
		p = place(bytes, n, 0, true);
		for (lit.rare1 = 0; lit.rare1 < len - 1; lit.rare1++)
			for (lit.rare2 = lit.rare1 + 1; lit.rare2 < len; lit.rare2++)
				check_find(&lit, p, n, plain_find(needle, len, lit.icase, p, n));
	}
}

/* 0x20 tells the cases of letters apart, and '@' from '`', '[' from '{', DEL from '_'. */
Test(kernels, find_literal_icase_is_for_letters_only)
{
	for (unsigned c = 0; c < 256; c++) {
		unsigned char needle[3] = {'k', plain_lower((unsigned char)c), 'z'};
		struct fl_literal lit, one;

		fl_literal_init(&lit, needle, 3, true);
		fl_literal_init(&one, needle + 1, 1, true);
		for (unsigned d = 0; d < 256; d++) {
			unsigned char bytes[100];
			bool same = plain_lower((unsigned char)d) == needle[1];

			memset(bytes, '.', sizeof(bytes));
			memcpy(bytes + 70, (unsigned char[]){'K', (unsigned char)d, 'z'}, 3);
			check_find(&lit, bytes, sizeof(bytes), same ? 70 : sizeof(bytes));
			if (needle[1] != '.' && needle[1] != 'z' && needle[1] != 'k')
				check_find(&one, bytes, sizeof(bytes), same ? 71 : sizeof(bytes));
		}
	}
}

/* ---- count_words_ascii */

static void check_words(const unsigned char *p, size_t n, bool start, uint64_t want, bool want_in)
{
	const struct fl_kernels *k;

	for (size_t v = 0; (k = kernels_variant(v)); v++) {
		bool in = start;
		uint64_t got = k->count_words_ascii(p, n, &in);

		cr_assert(got == want && in == want_in,
			  "%s: %zu bytes at %p from %d: %llu words and %d, not %llu and %d",
			  k->name, n, (const void *)p, start, (unsigned long long)got, in,
			  (unsigned long long)want, want_in);
	}
}

static void words_everywhere(const unsigned char *bytes, size_t n, size_t shifts)
{
	for (int start = 0; start < 2; start++) {
		bool in = start;
		uint64_t want = plain_words(bytes, n, &in);

		for (size_t shift = 0; shift < shifts; shift++)
			for (int end = 0; end < 2; end++)
				check_words(place(bytes, n, shift, end), n, start, want, in);
	}
}

Test(kernels, count_words_short)
{
	unsigned char bytes[LEN_MAX] = {0};
	unsigned seed = 6;

	for (size_t n = 0; n <= LEN_MAX; n++) {
		fill_from(bytes, n, "ab \n", &seed);
		words_everywhere(bytes, n, ALIGNMENTS);
		fill_any(bytes, n, &seed);
		words_everywhere(bytes, n, ALIGNMENTS);
		/* The last two are neither: they keep the state over any distance. */
		fill_from(bytes, n, "a \x01\x80", &seed);
		words_everywhere(bytes, n, ALIGNMENTS);
		memset(bytes, n % 2 ? 0x80 : 'w', n);
		words_everywhere(bytes, n, 2);
	}
}

/* The class of each byte value, wherever in a vector it stands and whatever comes before. */
Test(kernels, count_words_every_byte)
{
	static const char before[] = "a \x02";

	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < 129; at++) {
			unsigned char bytes[130];

			memset(bytes, before[at % 3], at);
			bytes[at] = (unsigned char)c;
			memset(bytes + at + 1, 'z', sizeof(bytes) - at - 1);
			words_everywhere(bytes, sizeof(bytes), 1);
			words_everywhere(bytes, at + 1, 1);
		}
}

/* Runs of bytes that are neither, over one or several vectors, after a word and after a space. */
Test(kernels, count_words_runs)
{
	unsigned char bytes[600];
	unsigned seed = 7;

	for (double round = 0; round < 2000 * test_scale(); round++) {
		for (size_t i = 0, run; i < sizeof(bytes); i += run) {
			static const unsigned char kinds[] = {'a', ' ', 0x80, 0, 'b', '\n', 0x1F};
			size_t left = sizeof(bytes) - i;

			run = 1 + (size_t)rand_r(&seed) % (rand_r(&seed) % 3 ? 5 : 150);
			run = run > left ? left : run;
			memset(bytes + i, kinds[(size_t)rand_r(&seed) % sizeof(kinds)], run);
		}
		words_everywhere(bytes, sizeof(bytes) - (size_t)round % 64, 1);
	}
}

/* A text in two pieces has the words of the whole. */
Test(kernels, count_words_every_cut)
{
	unsigned char bytes[LEN_MAX] = {0};
	unsigned seed = 8;
	bool want_in = false;
	uint64_t want;

	fill_from(bytes, LEN_MAX, "ab  \n\x01\xC3", &seed);
	want = plain_words(bytes, LEN_MAX, &want_in);
	for (size_t cut = 0; cut <= LEN_MAX; cut++) {
		const struct fl_kernels *k;

		for (size_t v = 0; (k = kernels_variant(v)); v++) {
			bool in = false;
			uint64_t got = k->count_words_ascii(bytes, cut, &in);

			got += k->count_words_ascii(bytes + cut, LEN_MAX - cut, &in);
			cr_assert(got == want && in == want_in, "%s: cut at %zu", k->name, cut);
		}
	}
}
