/* SPDX-License-Identifier: MIT */
#include <faultline/manifest.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/error.h"
#include "base/size.h"
#include "kern/xxh3.h"
#include "ops/hash/hash_blocks.h"

#define BLOCK FL_XXH3_BLOCK_BYTES
#define SUM_BYTES (FL_XXH3_LANES * sizeof(uint64_t))

/*
 * A part is this header and a row of records, each a part of hash_blocks.h that holds bytes of one
 * leaf only: the fold adds it to the leaf's digest and to the file's. Host order, little-endian.
 */
struct leaves_part {
	uint64_t last_at; /* where the last record begins: the next view may go on with it */
};

/* What follows a record of sums: its XXH3, big-endian. */
#define CHECK_BYTES sizeof(XXH64_canonical_t)

/* Leaves that may end while the fold is with another process: it comes back after 128 MiB of them or so. */
#define TURN_LEAVES 512u

/* What a record takes beside its sums: header and tail. */
#define RECORD_BYTES (3 * sizeof(uint64_t) + FL_HASH_TAIL_BYTES)

/**
 * struct fl_leaves
 * @ops:     the operator
 * @off:     where the leaf that is being folded begins
 * @file, @leaf: all bytes, and those of that leaf
 * @resumed: they are to be gone on with
 * @kept:    FL_LEAVES_OTHER: digests of leaves since the fold came here: @kept_count
 */
struct fl_leaves {
	struct fl_leaves_options opt;
	struct fl_operator ops;
	unsigned char secret[FL_XXH3_SECRET_BYTES];
	uint64_t off;
	struct fl_hash_blocks file;
	struct fl_hash_blocks leaf;
	int resumed;
	uint64_t kept_count;
	unsigned char kept[TURN_LEAVES][FL_LEAF_DIGEST_BYTES];
};

/* Its size and this mark tell whether a state is one. */
#define STATE_MAGIC UINT64_C(0x31736576616c6c66) /* "fllaves1" */

struct leaves_state {
	uint64_t magic;
	uint64_t leaf_bytes;
	uint64_t off;
	struct fl_hash_blocks file;
	struct fl_hash_blocks leaf;
};

_Static_assert(sizeof(struct leaves_state) <= FL_LEAVES_STATE_BYTES, "a state must fit");

static void begin(struct fl_leaves *l, uint64_t off)
{
	l->off = off;
	fl_hash_blocks_init(&l->file);
	fl_hash_blocks_init(&l->leaf);
}

static int start(void *op, const struct fl_run *run, struct fl_error *reterr)
{
	struct fl_leaves *l = op;

	if (l->resumed) {
		l->resumed = 0;
		if (run->off == l->off + l->leaf.total_bytes)
			return 0;
		return fl_error_set(reterr, -EINVAL, run->off, "the state is of another place");
	}
	if (run->off % l->opt.leaf_bytes != 0)
		return fl_error_set(reterr, -EINVAL, run->off, "no leaf begins there");
	begin(l, run->off);
	return 0;
}

/* Where the record stands that the piece belongs to: the last one, or a new one behind it. */
static size_t record_at(struct fl_part *part, const struct fl_view *piece, uint64_t leaf_bytes)
{
	struct leaves_part head = {.last_at = sizeof(head)};

	if (part->len == 0) {
		memcpy(part->data, &head, sizeof(head));
		part->len = sizeof(head);
		return part->len;
	}
	memcpy(&head, part->data, sizeof(head));
	if (piece->off % leaf_bytes == 0) {
		head.last_at = part->len;
		memcpy(part->data, &head, sizeof(head));
	}
	return (size_t)head.last_at;
}

static int map_piece(const struct fl_leaves *l, const struct fl_view *piece, struct fl_part *part)
{
	struct fl_part record;
	size_t at;
	int r;

	if (part->len > 0 && part->len + RECORD_BYTES + SUM_BYTES > part->limit) {
		part->next_off = piece->off;
		return FL_MAP_FULL;
	}
	r = fl_part_reserve(part, sizeof(struct leaves_part) + RECORD_BYTES +
					  piece->len / BLOCK * SUM_BYTES);
	if (r < 0)
		return r;
	at = record_at(part, piece, l->opt.leaf_bytes);
	/* A part within the part; it has room enough, so that it never moves. */
	record = (struct fl_part){.data = part->data + at,
				  .len = part->len - at,
				  .limit = part->limit > at ? part->limit - at : 0,
				  .capacity = part->capacity - at};
	r = fl_hash_blocks_map(l->secret, piece, &record, NULL);
	part->len = at + record.len;
	part->next_off = record.next_off;
	return r;
}

static int map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
	       struct fl_error *reterr)
{
	const struct fl_leaves *l = op;
	struct fl_view piece = *in;
	size_t done = 0;
	int r = 0;

	(void)scratch;
	for (; r == 0 && done < in->len; done += piece.len) {
		piece.off = in->off + done;
		piece.data = in->data + done;
		piece.len = (size_t)fl_min_u64(in->len - done,
					       l->opt.leaf_bytes - piece.off % l->opt.leaf_bytes);
		r = map_piece(l, &piece, part);
	}
	return r < 0 ? fl_error_set(reterr, r, in->off, NULL) : r;
}

static int keep_leaf(struct fl_leaves *l, const struct fl_leaf *leaf)
{
	if (l->kept_count == TURN_LEAVES)
		return -FL_ELIMIT;
	memcpy(l->kept[l->kept_count++], leaf->digest, sizeof(leaf->digest));
	return 0;
}

static int leaf_is_done(struct fl_leaves *l)
{
	struct fl_leaf leaf = {.off = l->off, .len = l->leaf.total_bytes};
	int r;

	fl_hash_blocks_digest128(&l->leaf, l->secret, 0, leaf.digest);
	l->off += leaf.len;
	fl_hash_blocks_init(&l->leaf);
	r = l->opt.turns == FL_LEAVES_OTHER ? keep_leaf(l, &leaf) : l->opt.leaf(l->opt.arg, &leaf);
	return r;
}

/* A damaged sum may fit its leaf and spoil the file's digest: the check finds it first. */
static void record_check(const void *data, size_t len, unsigned char ret[CHECK_BYTES])
{
	XXH64_canonical_t canonical;

	XXH64_canonicalFromHash(&canonical, XXH3_64bits(data, len));
	memcpy(ret, canonical.digest, CHECK_BYTES);
}

static int give_sums(const struct fl_leaves *l, const struct fl_part *record)
{
	unsigned char check[CHECK_BYTES];
	int r = l->opt.sums(l->opt.arg, record->data, record->len);

	record_check(record->data, record->len, check);
	return r != 0 ? r : l->opt.sums(l->opt.arg, check, sizeof(check));
}

static int fold_record(struct fl_leaves *l, const struct fl_part *record)
{
	int r = fl_hash_blocks_fold(&l->file, l->secret, record, NULL);

	if (r == 0)
		r = fl_hash_blocks_fold(&l->leaf, l->secret, record, NULL);
	if (r == 0 && l->leaf.total_bytes > l->opt.leaf_bytes)
		r = -EINVAL;
	if (r == 0 && l->opt.sums)
		r = give_sums(l, record);
	if (r == 0 && l->leaf.total_bytes == l->opt.leaf_bytes)
		r = leaf_is_done(l);
	return r;
}

static int fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_leaves *l = op;
	size_t at = sizeof(struct leaves_part);
	int r = 0;

	while (r == 0 && at < part->len) {
		struct fl_part record = {.data = part->data + at};

		record.len = fl_hash_blocks_part_bytes(record.data, part->len - at);
		if (record.len == 0 || record.len == SIZE_MAX)
			r = -EINVAL;
		else
			r = fold_record(l, &record);
		at += record.len;
	}
	return r < 0 ? fl_error_set(reterr, r, part->off, NULL) : r;
}

static int finish(void *op, struct fl_error *reterr)
{
	struct fl_leaves *l = op;
	int r = l->leaf.total_bytes > 0 ? leaf_is_done(l) : 0;

	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

static const struct fl_operator leaves_operator = {
	.size = sizeof(leaves_operator),
	.name = "leaves",
	.cut = FL_CUT_UNIT,
	.unit_bytes = BLOCK,
	.start = start,
	.map = map,
	.fold = fold,
	.finish = finish,
};

/* ---- folds that go from process to process */

/**
 * struct leaves_turn - what goes: the state, and the digests of leaves that ended on the way
 */
struct leaves_turn {
	struct leaves_state state;
	uint64_t count;
	unsigned char kept[TURN_LEAVES][FL_LEAF_DIGEST_BYTES];
};

static size_t turn_bytes(const void *op)
{
	(void)op;
	return sizeof(struct leaves_turn);
}

static void turn_save(const void *op, unsigned char *ret)
{
	const struct fl_leaves *l = op;
	struct leaves_turn turn;

	memset(&turn, 0, sizeof(turn));
	turn.state.magic = STATE_MAGIC;
	turn.state.leaf_bytes = l->opt.leaf_bytes;
	turn.state.off = l->off;
	turn.state.file = l->file;
	turn.state.leaf = l->leaf;
	turn.count = l->kept_count;
	memcpy(turn.kept, l->kept, sizeof(turn.kept));
	memcpy(ret, &turn, sizeof(turn));
}

/* Those of another process, where they are to go. */
static int give_leaves(const struct fl_leaves *l, const struct leaves_turn *turn)
{
	int r = 0;

	for (uint64_t i = 0; r >= 0 && i < turn->count; i++) {
		struct fl_leaf leaf = {.off = l->off + i * l->opt.leaf_bytes,
				       .len = l->opt.leaf_bytes};

		memcpy(leaf.digest, turn->kept[i], sizeof(leaf.digest));
		r = l->opt.leaf(l->opt.arg, &leaf);
	}
	return r < 0 ? r : 0;
}

static int turn_load(void *op, const unsigned char *state, size_t size)
{
	struct fl_leaves *l = op;
	struct leaves_turn turn;
	int r = 0;

	if (size != sizeof(turn))
		return -FL_ECORRUPT;
	memcpy(&turn, state, sizeof(turn));
	if (turn.state.magic != STATE_MAGIC || turn.state.leaf_bytes != l->opt.leaf_bytes ||
	    turn.count > TURN_LEAVES || turn.state.file.tail.len > FL_HASH_TAIL_BYTES ||
	    turn.state.leaf.tail.len > FL_HASH_TAIL_BYTES)
		return -FL_ECORRUPT;
	if (l->opt.turns == FL_LEAVES_FIRST)
		r = turn.state.off == l->off + turn.count * l->opt.leaf_bytes
			    ? give_leaves(l, &turn)
			    : -FL_ECORRUPT;
	l->off = turn.state.off;
	l->file = turn.state.file;
	l->leaf = turn.state.leaf;
	l->kept_count = 0;
	return r;
}

static const struct fl_carry leaves_carry = {
	.bytes = turn_bytes, .save = turn_save, .load = turn_load};

int fl_leaves_new(const struct fl_leaves_options *opt, struct fl_leaves **ret,
		  struct fl_error *reterr)
{
	struct fl_leaves *l;

	if (opt->size != sizeof(*opt) || !opt->leaf)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	if (opt->leaf_bytes == 0 || opt->leaf_bytes % FL_LEAF_BYTES_MIN ||
	    opt->leaf_bytes > FL_LEAF_BYTES_MAX)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "the leaf size is a multiple of 4096, up to 1 TiB");
	if (opt->turns != FL_LEAVES_ALONE && (opt->leaf_bytes < FL_LEAF_BYTES_TURNS || opt->sums))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	l = calloc(1, sizeof(*l));
	if (!l)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	l->opt = *opt;
	l->ops = leaves_operator;
	l->ops.carry = opt->turns != FL_LEAVES_ALONE ? &leaves_carry : NULL;
	fl_xxh3_derive_secret(0, l->secret);
	begin(l, 0);
	*ret = l;
	return 0;
}

const struct fl_operator *fl_leaves_operator(const struct fl_leaves *leaves)
{
	return &leaves->ops;
}

void fl_leaves_digest(const struct fl_leaves *leaves, unsigned char ret[FL_LEAF_DIGEST_BYTES])
{
	fl_hash_blocks_digest128(&leaves->file, leaves->secret, 0, ret);
}

void fl_leaves_save(const struct fl_leaves *leaves, unsigned char ret[FL_LEAVES_STATE_BYTES],
		    uint64_t *ret_off)
{
	struct leaves_state state;

	/* Its padding goes to a file, too. */
	memset(&state, 0, sizeof(state));
	state.magic = STATE_MAGIC;
	state.leaf_bytes = leaves->opt.leaf_bytes;
	state.off = leaves->off;
	state.file = leaves->file;
	state.leaf = leaves->leaf;
	memset(ret, 0, FL_LEAVES_STATE_BYTES);
	memcpy(ret, &state, sizeof(state));
	*ret_off = fl_leaves_offset(leaves);
}

static int is_sound(const struct fl_leaves *l, const struct leaves_state *s)
{
	return s->magic == STATE_MAGIC && s->leaf_bytes == l->opt.leaf_bytes &&
	       s->off % s->leaf_bytes == 0 && s->leaf.total_bytes < s->leaf_bytes &&
	       s->file.total_bytes >= s->leaf.total_bytes && s->leaf.total_bytes % BLOCK == 0 &&
	       s->file.tail.len <= FL_HASH_TAIL_BYTES && s->leaf.tail.len <= FL_HASH_TAIL_BYTES;
}

int fl_leaves_restore(struct fl_leaves *leaves, const unsigned char state[FL_LEAVES_STATE_BYTES])
{
	struct leaves_state s;

	memcpy(&s, state, sizeof(s));
	if (!is_sound(leaves, &s))
		return -FL_ECORRUPT;
	leaves->off = s.off;
	leaves->file = s.file;
	leaves->leaf = s.leaf;
	leaves->resumed = 1;
	return 0;
}

int fl_leaves_replay_begin(struct fl_leaves *leaves, uint64_t off, struct fl_error *reterr)
{
	struct fl_run run = {.size = sizeof(run), .off = off};

	return start(leaves, &run, reterr);
}

int64_t fl_leaves_replay(struct fl_leaves *leaves, const void *data, size_t len,
			 struct fl_error *reterr)
{
	struct fl_part record = {0};
	size_t bytes = fl_hash_blocks_part_bytes(data, len);
	unsigned char check[CHECK_BYTES];
	int r = 0;

	if (bytes == SIZE_MAX)
		return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE, NULL);
	if (bytes == 0 || len - bytes < CHECK_BYTES)
		return 0;
	record_check(data, bytes, check);
	if (memcmp(check, (const unsigned char *)data + bytes, CHECK_BYTES) != 0)
		return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE, NULL);
	/* The sums are read as numbers: a copy lies where numbers may. */
	if (fl_part_append(&record, data, bytes) < 0)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	r = fold_record(leaves, &record);
	free(record.data);
	if (r == -EINVAL)
		r = -FL_ECORRUPT;
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : (int64_t)(bytes + CHECK_BYTES);
}

int fl_leaves_replay_end(struct fl_leaves *leaves, struct fl_error *reterr)
{
	return finish(leaves, reterr);
}

uint64_t fl_leaves_offset(const struct fl_leaves *leaves)
{
	return leaves->off + leaves->leaf.total_bytes;
}

void fl_leaves_free(struct fl_leaves *leaves)
{
	free(leaves);
}
