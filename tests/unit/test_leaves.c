/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include <faultline/manifest.h>
#include <faultline/operator.h>

#include "../support/opharness.h"

#define TEXT_MAX 70000
#define LEAF 4096

static unsigned char text[TEXT_MAX];

/* What the callbacks saw. */
struct seen {
	uint64_t count;
	uint64_t off;
	size_t len;
	int wrong;
	int stop_at;
	struct fl_leaves *leaves;
	unsigned char state[FL_LEAVES_STATE_BYTES];
	uint64_t state_off;
	unsigned char sums[4 * TEXT_MAX];
	size_t sums_len;
};

static void reference(const unsigned char *p, size_t len, unsigned char *ret)
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(p, len));
	memcpy(ret, canonical.digest, sizeof(canonical.digest));
}

static int on_leaf(void *arg, const struct fl_leaf *leaf)
{
	struct seen *seen = arg;
	uint64_t end = leaf->off + leaf->len;
	unsigned char expected[FL_LEAF_DIGEST_BYTES];

	if (leaf->off != seen->off || leaf->len == 0 || end > seen->len ||
	    (leaf->len != LEAF && end != seen->len)) {
		seen->wrong++;
		return 0;
	}
	reference(text + leaf->off, (size_t)leaf->len, expected);
	seen->wrong += memcmp(expected, leaf->digest, sizeof(expected)) != 0;
	seen->off = end;
	seen->count++;
	if (seen->leaves && seen->count == 3)
		fl_leaves_save(seen->leaves, seen->state, &seen->state_off);
	return seen->stop_at > 0 && seen->count == (uint64_t)seen->stop_at ? -EIO : 0;
}

static int on_sums(void *arg, const void *data, size_t len)
{
	struct seen *seen = arg;

	memcpy(seen->sums + seen->sums_len, data, len);
	seen->sums_len += len;
	return 0;
}

static struct fl_leaves *make(struct seen *seen)
{
	struct fl_leaves_options opt = {.size = sizeof(opt),
					.leaf_bytes = LEAF,
					.leaf = on_leaf,
					.sums = on_sums,
					.arg = seen};
	struct fl_leaves *leaves = NULL;

	cr_assert(fl_leaves_new(&opt, &leaves, NULL) == 0);
	return leaves;
}

static int run(struct fl_leaves *leaves, uint64_t off, size_t len, struct opharness how)
{
	how.base_off = off;
	return opharness_run(fl_leaves_operator(leaves), leaves, text + off, len, &how, NULL);
}

static void check_length(size_t len, struct opharness how)
{
	static struct seen seen;
	unsigned char digest[FL_LEAF_DIGEST_BYTES], expected[FL_LEAF_DIGEST_BYTES];
	struct fl_leaves *leaves;

	seen = (struct seen){.len = len};
	leaves = make(&seen);
	cr_assert(run(leaves, 0, len, how) == 0);
	fl_leaves_digest(leaves, digest);
	reference(text, len, expected);
	cr_assert(memcmp(digest, expected, sizeof(digest)) == 0, "length %zu, chunk %zu", len,
		  how.chunk);
	cr_assert(seen.wrong == 0, "length %zu, chunk %zu", len, how.chunk);
	cr_assert(seen.off == len && seen.count == (len + LEAF - 1) / LEAF);
	fl_leaves_free(leaves);
}

static void fill(void)
{
	unsigned seed = 7;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)rand_r(&seed);
}

Test(leaves, equal_xxh128_at_all_lengths_and_cuts)
{
	static const size_t lengths[] = {0,    1,     240,   241,   1023,    1024, 1025,
					 4095, 4096,  4097,  5119,  5120,    8191, 8192,
					 8193, 12288, 20000, 65536, TEXT_MAX};
	static const struct opharness hows[] = {
		{.chunk = 1024, .slice = 1024, .part_limit = 65536},
		{.chunk = 4096, .slice = 4096, .part_limit = 65536, .seed = 1},
		{.chunk = 4099, .slice = 2048, .part_limit = 4096, .seed = 2},
		{.chunk = 100000, .slice = 100000, .part_limit = 1, .seed = 3},
		{.chunk = 100000, .slice = 7168, .part_limit = 9000, .seed = 4},
	};

	fill();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		for (size_t k = 0; k < sizeof(hows) / sizeof(*hows); k++)
			check_length(lengths[i], hows[k]);
}

Test(leaves, a_saved_state_goes_on)
{
	static struct seen seen;
	struct opharness how = {.chunk = 5000, .slice = 3072, .part_limit = 65536, .seed = 5};
	unsigned char digest[FL_LEAF_DIGEST_BYTES], expected[FL_LEAF_DIGEST_BYTES];
	struct fl_leaves *leaves;

	fill();
	seen = (struct seen){.len = 50000, .stop_at = 5};
	leaves = make(&seen);
	seen.leaves = leaves;
	cr_assert(run(leaves, 0, 50000, how) == -EIO);
	fl_leaves_free(leaves);

	/* It was saved when the third leaf was told: more may have been folded since. */
	seen.leaves = NULL;
	seen.stop_at = 0;
	seen.count = 3;
	seen.off = 3 * (uint64_t)LEAF;
	leaves = make(&seen);
	cr_assert(seen.state_off == seen.off);
	cr_assert(fl_leaves_restore(leaves, seen.state) == 0);
	cr_assert(run(leaves, seen.state_off, 50000 - (size_t)seen.state_off, how) == 0);
	fl_leaves_digest(leaves, digest);
	reference(text, 50000, expected);
	cr_assert(memcmp(digest, expected, sizeof(digest)) == 0);
	cr_assert(seen.wrong == 0 && seen.off == 50000);

	cr_assert(fl_leaves_restore(leaves, seen.state) == 0);
	cr_assert(run(leaves, 0, 50000, how) == -EINVAL, "a state of another place");
	seen.state[0] ^= 1;
	cr_assert(fl_leaves_restore(leaves, seen.state) == -FL_ECORRUPT);
	fl_leaves_free(leaves);
}

Test(leaves, block_sums_of_parts_make_the_whole)
{
	static struct seen first, second, all;
	struct opharness how = {.chunk = 5000, .slice = 3072, .part_limit = 9000, .seed = 6};
	unsigned char digest[FL_LEAF_DIGEST_BYTES], expected[FL_LEAF_DIGEST_BYTES];
	struct fl_leaves *leaves;
	size_t at = 0;

	fill();
	first = (struct seen){.len = 8192};
	leaves = make(&first);
	cr_assert(run(leaves, 0, 8192, how) == 0);
	fl_leaves_free(leaves);
	second = (struct seen){.len = 40001, .off = 8192};
	leaves = make(&second);
	cr_assert(run(leaves, 8192, 40001 - 8192, how) == 0);
	fl_leaves_free(leaves);
	cr_assert(first.wrong == 0 && second.wrong == 0);

	memcpy(first.sums + first.sums_len, second.sums, second.sums_len);
	first.sums_len += second.sums_len;
	all = (struct seen){.len = 40001};
	leaves = make(&all);
	cr_assert(fl_leaves_replay_begin(leaves, 0, NULL) == 0);
	cr_assert(fl_leaves_replay(leaves, first.sums, 23, NULL) == 0, "no whole record");
	while (at < first.sums_len) {
		int64_t n = fl_leaves_replay(leaves, first.sums + at, first.sums_len - at, NULL);

		cr_assert(n > 0);
		at += (size_t)n;
	}
	cr_assert(fl_leaves_offset(leaves) == 40001);
	cr_assert(fl_leaves_replay_end(leaves, NULL) == 0);
	fl_leaves_digest(leaves, digest);
	reference(text, 40001, expected);
	cr_assert(memcmp(digest, expected, sizeof(digest)) == 0);
	cr_assert(all.wrong == 0 && all.off == 40001);

	memset(first.sums, 0xff, 24);
	cr_assert(fl_leaves_replay(leaves, first.sums, first.sums_len, NULL) == -FL_ECORRUPT);
	fl_leaves_free(leaves);
}

/* Of a damaged record nothing is taken: not even one that seems to be longer than it is. */
static void not_taken(const struct seen *sums, size_t len)
{
	static struct seen all;
	struct fl_leaves *leaves;

	all = (struct seen){.len = 5000};
	leaves = make(&all);
	cr_assert(fl_leaves_replay_begin(leaves, 0, NULL) == 0);
	cr_assert(fl_leaves_replay(leaves, sums->sums, len, NULL) <= 0);
	cr_assert(fl_leaves_offset(leaves) == 0 && all.off == 0);
	fl_leaves_free(leaves);
}

Test(leaves, every_damaged_byte_of_block_sums_is_seen)
{
	static struct seen first;
	struct opharness how = {.chunk = 4096, .slice = 4096, .part_limit = 9000, .seed = 6};
	struct fl_leaves *leaves;
	int64_t n;

	fill();
	first = (struct seen){.len = 5000};
	leaves = make(&first);
	cr_assert(run(leaves, 0, 5000, how) == 0);
	cr_assert(fl_leaves_replay_begin(leaves, 0, NULL) == 0);
	n = fl_leaves_replay(leaves, first.sums, first.sums_len, NULL);
	cr_assert(n > 0 && (size_t)n < first.sums_len, "two records");
	fl_leaves_free(leaves);
	for (size_t bit = 0; bit < 8 * (size_t)n; bit++) {
		unsigned char *byte = &first.sums[bit / 8];

		*byte = (unsigned char)(*byte ^ 1u << bit % 8);
		not_taken(&first, first.sums_len);
		*byte = (unsigned char)(*byte ^ 1u << bit % 8);
	}
	for (size_t len = 0; len < (size_t)n; len++)
		not_taken(&first, len);
}

#define LARGE ((5u << 20) + 12345)
#define TURN ((size_t)300 << 10)

/* Leaves of a large text as they come. */
struct row {
	struct fl_leaf leaf[8];
	unsigned count;
};

static int add_leaf(void *arg, const struct fl_leaf *leaf)
{
	struct row *row = arg;

	cr_assert(row->count < 8);
	row->leaf[row->count++] = *leaf;
	return 0;
}

static struct fl_leaves *make_turns(struct row *row, enum fl_leaves_turns turns)
{
	struct fl_leaves_options opt = {.size = sizeof(opt),
					.leaf_bytes = FL_LEAF_BYTES_TURNS,
					.leaf = add_leaf,
					.arg = row,
					.turns = turns};
	struct fl_run of = {.size = sizeof(of), .len = LARGE};
	struct fl_leaves *leaves;

	cr_assert(fl_leaves_new(&opt, &leaves, NULL) == 0);
	cr_assert((fl_leaves_operator(leaves)->carry != NULL) == (turns != FL_LEAVES_ALONE));
	cr_assert(fl_leaves_operator(leaves)->start(leaves, &of, NULL) == 0);
	return leaves;
}

static void pass_on(struct fl_leaves *from, struct fl_leaves *to)
{
	const struct fl_carry *carry = fl_leaves_operator(from)->carry;
	size_t n = carry->bytes(from);
	unsigned char *state = malloc(n);

	carry->save(from, state);
	cr_assert(fl_leaves_operator(to)->carry->load(to, state, n - 1) == -FL_ECORRUPT);
	cr_assert(fl_leaves_operator(to)->carry->load(to, state, n) == 0);
	free(state);
}

/* Four turns of the first process, then some of the other one, in which leaves end; and back. */
Test(leaves, folds_by_turns)
{
	static struct row want, got, none;
	struct fl_leaves *alone = make_turns(&want, FL_LEAVES_ALONE);
	struct fl_leaves *first = make_turns(&got, FL_LEAVES_FIRST);
	struct fl_leaves *other = make_turns(&none, FL_LEAVES_OTHER);
	const struct fl_operator *ops = fl_leaves_operator(alone);
	unsigned char *large = malloc(LARGE), digest[2][FL_LEAF_DIGEST_BYTES];
	unsigned turn = 0;

	for (size_t i = 0; i < LARGE; i++)
		large[i] = (unsigned char)(i * i >> 7);
	for (size_t at = 0; at < LARGE; at += TURN, turn++) {
		struct fl_view view = {.off = at,
				       .data = large + at,
				       .len = LARGE - at < TURN ? LARGE - at : TURN};
		struct fl_part part = {.limit = 1 << 20, .off = at, .end = at + view.len};
		bool away = turn % 9 >= 4;

		cr_assert(ops->map(alone, NULL, &view, &part, NULL) == 0);
		cr_assert(ops->fold(alone, &part, NULL) == 0);
		if (turn % 9 == 4)
			pass_on(first, other);
		cr_assert(ops->fold(away ? other : first, &part, NULL) == 0);
		if (turn % 9 == 8 || (away && at + view.len == LARGE))
			pass_on(other, first);
		free(part.data);
	}
	cr_assert(ops->finish(alone, NULL) == 0 && ops->finish(first, NULL) == 0);
	cr_assert(want.count == 6 && got.count == 6 && none.count == 0);
	for (unsigned i = 0; i < 6; i++)
		cr_assert(want.leaf[i].off == got.leaf[i].off &&
			  want.leaf[i].len == got.leaf[i].len &&
			  memcmp(want.leaf[i].digest, got.leaf[i].digest, FL_LEAF_DIGEST_BYTES) ==
				  0);
	fl_leaves_digest(alone, digest[0]);
	fl_leaves_digest(first, digest[1]);
	cr_assert(memcmp(digest[0], digest[1], sizeof(digest[0])) == 0);
	fl_leaves_free(alone);
	fl_leaves_free(first);
	fl_leaves_free(other);
	free(large);
}

Test(leaves, wrong_options)
{
	struct fl_leaves_options opt = {.size = sizeof(opt), .leaf_bytes = LEAF, .leaf = on_leaf};
	struct opharness how = {.chunk = 5000, .slice = 3072, .part_limit = 9000};
	static struct seen seen;
	struct fl_leaves *leaves = NULL;

	opt.leaf_bytes = 0;
	cr_assert(fl_leaves_new(&opt, &leaves, NULL) == -EINVAL);
	opt.leaf_bytes = 5000;
	cr_assert(fl_leaves_new(&opt, &leaves, NULL) == -EINVAL);
	opt.leaf_bytes = FL_LEAF_BYTES_MAX + FL_LEAF_BYTES_MIN;
	cr_assert(fl_leaves_new(&opt, &leaves, NULL) == -EINVAL);
	opt.leaf_bytes = LEAF;
	opt.turns = FL_LEAVES_FIRST;
	cr_assert(fl_leaves_new(&opt, &leaves, NULL) == -EINVAL);
	opt.turns = FL_LEAVES_ALONE;
	opt.leaf = NULL;
	cr_assert(fl_leaves_new(&opt, &leaves, NULL) == -EINVAL);
	leaves = make(&seen);
	cr_assert(run(leaves, 1024, 5000, how) == -EINVAL, "a range within a leaf");
	fl_leaves_free(leaves);
	fl_leaves_free(NULL);
}
