/* SPDX-License-Identifier: MIT */
#include <faultline/shard.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/info.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/size.h"
#include "engine/chain.h"
#include "engine/part_impl.h"
#include "engine/shard_impl.h"
#include "engine/stages.h"
#include "kern/crc.h"
#include "window/source_impl.h"

/* What is read at a time: a length in a record is believed as far as its bytes come. */
#define STEP_BYTES FL_MIB(1)

/* Differs where byte order or sizes do. */
#define LAYOUT (UINT32_C(0x01020300) | (sizeof(void *) << 4) | sizeof(long))

/**
 * struct shard_head - how a shard begins
 * @version:   of the library, as a string
 * @operators: of its first segment
 * @index, @count: which share
 * @from, @to: that is, bytes from the start of the file; of the range [@begin, @end)
 */
struct shard_head {
	char magic[16];
	char version[16];
	uint32_t layout;
	uint32_t operators;
	uint32_t index;
	uint32_t count;
	uint64_t begin;
	uint64_t end;
	uint64_t from;
	uint64_t to;
};

static const char magic[16] = "faultline-shard\n";

/**
 * struct shard_part - head of a part, @len bytes of which follow
 * @stage: number of the operator, or LAST; then @off is the number of parts before
 * @crc:      CRC32C of this head, with 0 here, and of the bytes
 */
struct shard_part {
	uint32_t stage;
	uint32_t crc;
	uint64_t off;
	uint64_t end;
	uint64_t len;
};

#define LAST UINT32_MAX

static struct shard_head make_head(const struct fl_plan *plan, unsigned operators)
{
	struct shard_head h = {.layout = (uint32_t)LAYOUT,
			       .operators = operators,
			       .begin = plan->begin,
			       .end = plan->end,
			       .from = plan->from,
			       .to = plan->to};

	memcpy(h.magic, magic, sizeof(magic));
	strncpy(h.version, fl_version(), sizeof(h.version) - 1);
	return h;
}

/* Of the head, with 0 for @crc, and of the bytes behind it. Making the tables takes 20 us: once. */
static uint32_t checksum(const struct shard_part *head, const unsigned char *data)
{
	static _Thread_local struct fl_crc crc;
	struct shard_part bare = *head;
	uint32_t reg;

	bare.crc = 0;
	if (!crc.update)
		(void)fl_crc_init(&crc, FL_CRC32C_POLY, FL_CRC_BEST);
	reg = fl_crc_update(&crc, UINT32_MAX, (const unsigned char *)&bare, sizeof(bare));
	return fl_crc_update(&crc, reg, data, (size_t)head->len);
}

static int put(struct fl_pipeline *pl, const void *data, size_t len, struct fl_error *reterr)
{
	int r = len > 0 ? pl->shard.write(pl->shard.arg, data, len) : 0;

	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "write error: %s", fl_strerror(r)) : 0;
}

int fl_shard_check(const struct fl_exec *x, struct fl_error *reterr)
{
	unsigned k;

	if (!fl_source_seekable(x->src) || x->src->decoder)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "only files can be read in parts, and not compressed ones");
	for (k = 0; k < x->pl->stage_count; k++)
		if (x->pl->stages[k].ops->flags & (FL_OP_KEEP_VIEW | FL_OP_LIVE))
			return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
					    "%s goes through all bytes in order: not in parts",
					    x->pl->stages[k].ops->name);
	return 0;
}

int fl_shard_begin(struct fl_exec *x, struct fl_error *reterr)
{
	struct shard_head head = make_head(&x->plan, x->pl->stage_count);

	head.index = x->pl->shard.index;
	head.count = x->pl->shard.count;
	x->pl->shard_parts = 0;
	return put(x->pl, &head, sizeof(head), reterr);
}

int fl_shard_put(struct fl_pipeline *pl, unsigned k, const struct fl_part *part,
		 struct fl_error *reterr)
{
	struct shard_part head = {.stage = k, .off = part->off, .end = part->end, .len = part->len};
	int r;

	head.crc = checksum(&head, part->data);
	r = put(pl, &head, sizeof(head), reterr);
	pl->shard_parts++;
	return r < 0 ? r : put(pl, part->data, part->len, reterr);
}

int fl_shard_end(struct fl_pipeline *pl, struct fl_error *reterr)
{
	struct shard_part last = {.stage = LAST, .off = pl->shard_parts};

	last.crc = checksum(&last, NULL);
	return put(pl, &last, sizeof(last), reterr);
}

int fl_pipeline_set_shard(struct fl_pipeline *pl, const struct fl_shard_options *opt)
{
	if (pl->running)
		return -EBUSY;
	if (opt && (opt->size != sizeof(*opt) || opt->count == 0 || opt->count > FL_SHARDS_MAX ||
		    opt->index >= opt->count || !opt->write))
		return -EINVAL;
	pl->shard = opt ? *opt : (struct fl_shard_options){0};
	return 0;
}

/* Return: 1; 0 at the end, where nothing was read; -FL_ECORRUPT in the middle; or an error. */
static int get(const struct fl_replay_options *opt, void *buf, size_t n, struct fl_error *reterr)
{
	size_t done = 0;
	int64_t got = 1;

	for (; done < n && got > 0; done += got > 0 ? (size_t)got : 0)
		got = opt->read(opt->arg, (unsigned char *)buf + done, n - done);
	if (got < 0)
		return fl_error_set(reterr, (int)got, FL_OFF_NONE, NULL);
	if (done > 0 && done < n)
		return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE, "a part is cut off");
	return done > 0 || n == 0;
}

static int get_all(const struct fl_replay_options *opt, void *buf, size_t n,
		   struct fl_error *reterr)
{
	int r = get(opt, buf, n, reterr);

	return r == 0 ? fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE, "a part is cut off") : r;
}

static int get_part(const struct fl_replay_options *opt, const struct shard_part *head,
		    struct fl_part *part, struct fl_error *reterr)
{
	uint64_t left;
	size_t n;
	int r = 1;

	part->len = 0;
	for (left = head->len; r > 0 && left > 0; left -= n) {
		n = (size_t)fl_min_u64(left, STEP_BYTES);
		if (fl_part_reserve(part, n) < 0)
			return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
		r = get_all(opt, part->data + part->len, n, reterr);
		part->len += n;
	}
	if (r > 0 && checksum(head, part->data) != head->crc)
		r = fl_error_set(reterr, -FL_ECORRUPT, head->off, "a part is damaged");
	part->off = head->off;
	part->end = head->end;
	return r < 0 ? r : 0;
}

static int check_head(const struct shard_head *head, const struct fl_exec *x,
		      struct fl_error *reterr)
{
	struct fl_plan plan = x->plan;
	struct shard_head want;

	if (head->count > 0 && head->count <= FL_SHARDS_MAX && head->index < head->count)
		fl_plan_share(&plan, head->index, head->count);
	want = make_head(&plan, x->pl->stage_count);
	if (memcmp(head->magic, magic, sizeof(magic)) != 0)
		return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE, "a part has no head");
	if (memcmp(head->version, want.version, sizeof(want.version)) != 0 ||
	    head->layout != want.layout)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "a part was written by another version, or on another kind of "
				    "machine");
	if (head->operators != want.operators || head->begin != want.begin ||
	    head->end != want.end || head->from != want.from || head->to != want.to)
		return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE,
				    "a part is of another pipeline or file");
	/* x->folded is where the next share must begin. */
	if (head->from != x->plan.begin + x->folded)
		return fl_error_set(reterr, -FL_ECORRUPT, head->from, "the parts are not in order");
	return 0;
}

/* One shard's parts. Return: 0, with all of them folded; or an error. */
static int replay_shard(struct fl_exec *x, struct fl_part *part, struct fl_error *reterr)
{
	const struct fl_replay_options *opt = x->pl->replay;
	struct shard_part head;
	uint64_t count;
	int r;

	for (count = 0;; count++) {
		r = get_all(opt, &head, sizeof(head), reterr);
		if (r < 0)
			return r;
		if (head.stage == LAST)
			return head.off == count && head.len == 0 &&
					       head.crc == checksum(&head, NULL)
				       ? 0
				       : fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE,
						      "a part is not complete");
		if (head.stage >= x->pl->stage_count)
			return fl_error_set(reterr, -FL_ECORRUPT, head.off, "a part is damaged");
		r = get_part(opt, &head, part, reterr);
		if (r == 0)
			r = fl_exec_fold_part(x, head.stage, part, reterr);
		if (r == 0 && atomic_load_explicit(&x->pl->cancel, memory_order_relaxed))
			r = fl_error_set(reterr, -FL_ECANCELED, FL_OFF_NONE, NULL);
		if (r < 0)
			return r;
	}
}

static int replay_all(struct fl_exec *x, struct fl_error *reterr)
{
	const struct fl_replay_options *opt = x->pl->replay;
	struct fl_part part = {.limit = SIZE_MAX};
	struct shard_head head;
	int r;

	while ((r = get(opt, &head, sizeof(head), reterr)) > 0) {
		r = check_head(&head, x, reterr);
		if (r == 0)
			r = replay_shard(x, &part, reterr);
		if (r < 0)
			break;
		x->folded += head.to - head.from;
	}
	fl_part_free(&part);
	if (r == 0 && x->folded != x->plan.end - x->plan.begin)
		r = fl_error_set(reterr, -FL_ECORRUPT, x->plan.begin + x->folded,
				 "the parts end here");
	return r;
}

static int replay(struct fl_exec *x, struct fl_error *reterr)
{
	struct fl_needs needs = {.unit_bytes = 1, .delimiter = x->pl->opt.delimiter};
	struct fl_pipeline *pl = x->pl;
	struct fl_source named = {.name = (char *)(uintptr_t)pl->replay->name};
	int r;

	x->src = &named;
	fl_plan_make(&pl->opt, &needs, pl->replay->size_bytes, pl->stage_count, 1, &x->plan);
	x->plan.threads = 1;
	r = fl_exec_start_operators(x, reterr);
	if (r == 0)
		r = replay_all(x, reterr);
	pl->stats = (struct fl_stats){.size = sizeof(pl->stats),
				      .bytes = x->folded,
				      .ns = fl_clock_ns() - x->start_ns,
				      .io_used = FL_IO_READ,
				      .io_reason = "parts",
				      .threads = 1,
				      .kernels = ""};
	if (r == 0)
		r = fl_stages_finish(pl, x->plan.end, reterr);
	else
		fl_stages_abandon(pl);
	return r;
}

int fl_shard_replay(struct fl_pipeline *pl, struct fl_error *reterr)
{
	struct fl_exec *x =
		aligned_alloc(FL_CACHE_LINE_BYTES, fl_round_up(sizeof(*x), FL_CACHE_LINE_BYTES));
	int r;

	if (!x)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	memset(x, 0, sizeof(*x));
	x->pl = pl;
	x->start_ns = fl_clock_ns();
	pl->running = true;
	r = replay(x, reterr);
	pl->running = false;
	free(x);
	return r;
}

int fl_pipeline_replay(struct fl_pipeline *pl, const struct fl_replay_options *opt,
		       struct fl_error *reterr)
{
	int r;

	if (opt->size != sizeof(*opt) || !opt->read || pl->shard.count > 0)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	fl_stages_blame(pl, FL_OPERATOR_NONE, FL_OFF_NONE);
	pl->replay = opt;
	r = pl->next ? fl_chain_run(pl, NULL, reterr) : fl_exec_run(pl, NULL, reterr);
	pl->replay = NULL;
	return r;
}
